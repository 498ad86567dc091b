;;; halley-chat.el --- A named conversation in a buffer -*- lexical-binding: t; -*-

;;; Commentary:

;; The buffer shows a conversation as the daemon tells it: its items, and then
;; what happens in it, no matter who asked.  What is sent from here comes back
;; that way too.  The last lines are a draft.

;;; Code:

(require 'halley-text)

(defvar-local halley-chat--name nil
  "The conversation's name or id.")

(defvar-local halley-chat--connection nil
  "The connection that watches the conversation and asks in it.")

(defvar-local halley-chat--end nil
  "A marker at the transcript's end, before the last heading and the draft.")

(defvar-local halley-chat--draft nil
  "A marker where the draft begins.")

(defvar-local halley-chat--items nil
  "Ids of the items that are shown, each with the symbol history or live.")

(defvar-local halley-chat--waiting nil
  "Events that arrived before the history, the latest first, or t once it is there.")

(defvar-local halley-chat--turn nil
  "Where the turn that is being answered begins, a marker, or nil.")

(defvar-local halley-chat--response nil
  "The id of the response that is running, or nil.")

(defvar-local halley-chat--sent nil
  "The id of the request that was sent from here and is not answered, or nil.")

(defvar-local halley-chat--queued nil
  "An overlay that shows the turn that waits for the one that runs, or nil.")

(defvar-local halley-chat--watched nil
  "The id of the conversation that is watched, or nil.")

(defvar halley-chat-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'halley-chat-send)
    (define-key map (kbd "C-c C-k") #'halley-chat-stop)
    (define-key map (kbd "C-c C-l") #'halley-chat-reload)
    map)
  "Keymap of `halley-chat-mode'.")

(define-derived-mode halley-chat-mode text-mode "Halley-Chat"
  "Major mode for a conversation that other programs share.
\\<halley-chat-mode-map>\\[halley-chat-send] sends the draft at the end,
\\[halley-chat-stop] stops the answer,
\\[halley-chat-reload] shows the conversation anew."
  (halley-show-markdown)
  (setq mode-line-process '(:eval (halley-chat--state)))
  (add-hook 'kill-buffer-hook #'halley-chat--leave nil t))

(defun halley-chat--state ()
  "The mode line's word about the connection."
  (cond ((not (halley-connected-p halley-chat--connection)) " disconnected")
        (halley-chat--queued " queued")
        (halley-chat--turn " answering")
        (halley-chat--sent " waiting")))

;;;###autoload
(defun halley-chat (name)
  "Open the conversation NAME in a buffer, and begin it if it is new.
It is the one that `halley -C NAME' and other editors see."
  (interactive (list (completing-read "Conversation: " (halley-chat--names))))
  (when (string-empty-p name) (user-error "A conversation needs a name"))
  (let ((buffer (get-buffer-create (format "*halley-chat: %s*" name))))
    (with-current-buffer buffer
      (unless (derived-mode-p 'halley-chat-mode)
        (halley-chat-mode)
        (setq halley-chat--name name)
        (halley-chat--lay-out))
      (unless (halley-connected-p halley-chat--connection) (halley-chat-reload)))
    (pop-to-buffer buffer)))

(defun halley-chat--names ()
  "The names of the conversations, the last used first."
  (delq nil (mapcar (lambda (conversation) (plist-get conversation :name))
                    (plist-get (halley-call "conversations.list" '((limit . 100))) :data))))

(defun halley-chat--lay-out ()
  "Make the heading above the draft, and the draft."
  (let ((heading (halley-chat--fixed (concat "\n\n" (halley-chat--heading "You") "\n"))))
    (insert heading)
    (setq halley-chat--end (copy-marker (point-min))
          halley-chat--draft (point-marker)
          buffer-undo-list nil)))

(defun halley-chat--leave ()
  "Leave the conversation; what was asked from here is cancelled."
  (when halley-chat--connection (halley-disconnect halley-chat--connection)))

;;;; Asking

(defun halley-chat-send ()
  "Send the draft."
  (interactive)
  (let ((draft (string-trim (buffer-substring-no-properties halley-chat--draft (point-max)))))
    (when (string-empty-p draft) (user-error "The draft is empty"))
    (when halley-chat--sent (user-error "The last one is not answered; C-c C-k stops it"))
    (unless (halley-connected-p halley-chat--connection) (halley-chat-reload))
    (delete-region halley-chat--draft (point-max))
    (when halley-chat--turn (halley-chat--show-queued draft))
    (setq halley-chat--sent
          (halley-chat--request
           "responses.create"
           (halley-create-params draft (cons 'conversation halley-chat--name))
           nil (lambda (result failure) (halley-chat--answered draft result failure))))))

(defun halley-chat--show-queued (draft)
  "Show above the heading that DRAFT waits for its turn."
  (setq halley-chat--queued (make-overlay halley-chat--end halley-chat--draft))
  (overlay-put halley-chat--queued 'before-string
               (propertize (format "\n\n[queued: %s]" draft) 'face 'halley-note))
  (force-mode-line-update))

(defun halley-chat--unqueue ()
  "The turn that waited has begun, or came to nothing."
  (when halley-chat--queued (delete-overlay halley-chat--queued))
  (setq halley-chat--queued nil))

(defun halley-chat--answered (draft result failure)
  "End the request that asked DRAFT and got RESULT or FAILURE.
What came to nothing is a draft again, before the one that was begun meanwhile."
  (setq halley-chat--sent nil)
  (halley-chat--unqueue)
  (let ((trouble (if failure (halley-failure-text failure) (halley-response-trouble result)))
        (partial (or result (plist-get (plist-get failure :data) :response))))
    ;; A lost connection is the watch's to tell, and a stop the turn's end.
    (when (and trouble (not (equal (halley-failure-code failure) "lost_connection"))
               (not (equal (plist-get result :status) "cancelled")))
      (halley-chat--note trouble))
    (when (and trouble (not (plist-get partial :output)))
      (save-excursion
        (goto-char halley-chat--draft)
        (insert draft (if (= (point) (point-max)) "" "\n\n"))
        (set-marker halley-chat--draft (- (point) (length draft)
                                          (if (= (point) (point-max)) 0 2)))))
    (when result (halley-chat--follow-new result))))

(defun halley-chat--follow-new (response)
  "Follow the conversation that RESPONSE is in, if it is another than the watched.
The one of this name was deleted, and begun anew."
  (let ((id (plist-get (plist-get (plist-get response :halley) :conversation) :id)))
    (when (and id halley-chat--watched (not (equal id halley-chat--watched)))
      (setq halley-chat--watched id)
      (halley-chat--follow nil))))

(defun halley-chat-stop ()
  "Stop the answer that is running, no matter who asked."
  (interactive)
  (cond (halley-chat--response
         (halley-chat--request "responses.cancel" `((response_id . ,halley-chat--response))))
        (halley-chat--sent (halley-cancel halley-chat--connection halley-chat--sent))
        (t (user-error "No answer is running"))))

(defun halley-chat--request (method params &optional on-event on-end)
  "Send a request for METHOD with PARAMS.
ON-EVENT and ON-END are called in this buffer."
  (let ((buffer (current-buffer)))
    (halley-request halley-chat--connection method params
                    (and on-event (lambda (event)
                                    (with-current-buffer buffer (funcall on-event event))))
                    (and on-end (lambda (result failure)
                                  (with-current-buffer buffer
                                    (funcall on-end result failure)))))))

;;;; Opening

(defun halley-chat-reload ()
  "Show the conversation anew.
A turn that was cut off with the connection stays at its end."
  (interactive)
  (let ((unfinished (and halley-chat--turn (not (halley-connected-p halley-chat--connection))
                         (buffer-substring halley-chat--turn halley-chat--end)))
        (connection (halley-connect)))
    (halley-chat--leave)
    (setq halley-chat--connection connection
          halley-chat--items (make-hash-table :test #'equal)
          halley-chat--waiting nil
          halley-chat--turn nil
          halley-chat--response nil
          halley-chat--sent nil
          halley-chat--watched nil)
    (halley-chat--unqueue)
    (halley-chat--remove (point-min))
    (halley-chat--request
     "conversations.retrieve" `((conversation . ,halley-chat--name)) nil
     (lambda (found failure)
       (cond ((not failure)
              (setq halley-chat--watched (plist-get found :id))
              (halley-chat--follow unfinished))
             ((equal (halley-failure-code failure) "not_found") (halley-chat--begin unfinished))
             (t (halley-chat--note (halley-failure-text failure))))))))

(defun halley-chat--begin (unfinished)
  "Create the conversation and follow it; UNFINISHED is what stays at its end."
  (halley-chat--request
   "conversations.create" `((name . ,halley-chat--name)) nil
   (lambda (created failure)
     (cond ((not failure)
            (setq halley-chat--watched (plist-get created :id))
            (halley-chat--follow unfinished))
           ;; Somebody else was faster.
           ((equal (halley-failure-code failure) "conflict") (halley-chat-reload))
           (t (halley-chat--note (halley-failure-text failure)))))))

(defun halley-chat--follow (unfinished)
  "Watch the conversation, and show its history first.
UNFINISHED is what stays at its end."
  (setq halley-chat--waiting nil)
  (let ((watched halley-chat--watched))
    (halley-chat--request "conversations.watch" `((conversation . ,halley-chat--watched))
                          #'halley-chat--hear
                          (lambda (_ failure)
                            (when (equal watched halley-chat--watched)
                              (halley-chat--lose failure)))))
  (halley-chat--read-history nil unfinished))

(defun halley-chat--read-history (after unfinished)
  "Show the items after the one with the id AFTER, and then UNFINISHED."
  (halley-chat--request
   "conversations.items.list"
   `((conversation . ,halley-chat--watched) (order . "asc") (limit . 100)
     ,@(and after `((after . ,after))))
   nil
   (lambda (page failure)
     (if failure
         (halley-chat--note (halley-failure-text failure))
       (dolist (item (plist-get page :data)) (halley-chat--show-item item 'history))
       (if (plist-get page :has_more)
           (halley-chat--read-history (plist-get page :last_id) unfinished)
         (when unfinished (halley-chat--insert-unfinished unfinished))
         (let ((events (reverse halley-chat--waiting)))
           (setq halley-chat--waiting t)
           (mapc #'halley-chat--take events)))))))

(defun halley-chat--insert-unfinished (turn)
  "Show TURN, which was cut off, in the place of what the history has of it."
  (let* ((text (substring-no-properties turn))
         (question (substring text 0 (string-match "\n\n## Answer" text)))
         (start (save-excursion
                  (goto-char halley-chat--end)
                  (search-backward question nil t))))
    (when (and start
               (string-prefix-p (buffer-substring-no-properties start halley-chat--end) text))
      (halley-chat--remove start))
    (halley-chat--insert turn)))

(defun halley-chat--lose (failure)
  "Say that the conversation is watched no longer, because of FAILURE."
  (setq halley-chat--response nil)
  (if (equal (halley-failure-code failure) "not_found")
      (progn
        (halley-chat--note "the conversation was deleted")
        (halley-chat--look-again (current-buffer)))
    (halley-chat--note (format "%s; C-c C-l connects again" (halley-failure-text failure))))
  (force-mode-line-update))

(defun halley-chat--look-again (buffer)
  "Follow in BUFFER the conversation that somebody begins anew.
Looking for it does not begin it."
  (run-with-timer
   1 nil
   (lambda ()
     (when (buffer-live-p buffer)
       (with-current-buffer buffer
         (when (halley-connected-p halley-chat--connection)
           (let ((deleted halley-chat--watched))
             (halley-chat--request
              "conversations.retrieve" `((conversation . ,halley-chat--name)) nil
              (lambda (found failure)
                (cond (failure (halley-chat--look-again buffer))
                      ;; A turn from here may have found it before.
                      ((equal deleted halley-chat--watched)
                       (setq halley-chat--watched (plist-get found :id))
                       (halley-chat--follow nil))))))))))))

;;;; Following

(defun halley-chat--hear (event)
  "Take EVENT once the history is there."
  (if (eq halley-chat--waiting t)
      (halley-chat--take event)
    (push event halley-chat--waiting)))

(defun halley-chat--take (event)
  "Show EVENT."
  (pcase (plist-get event :type)
    ("conversation.response.started" (halley-chat--start-turn event))
    ("conversation.items.added" (halley-chat--add-items (plist-get event :items)))
    ("conversation.response.ended" (halley-chat--end-turn (plist-get event :status)))
    ("response.created"
     (setq halley-chat--response (plist-get (plist-get event :response) :id)))
    ("response.output_item.added" (halley-chat--start-item (plist-get event :item)))
    (_ (when-let* ((text (halley-event-text event))) (halley-chat--insert text)))))

(defun halley-chat--start-turn (event)
  "Show what was asked in EVENT, and the heading of the answer."
  (setq halley-chat--turn (copy-marker halley-chat--end))
  (when halley-chat--queued
    ;; One turn runs at a time, and the next is another's or the one that waited.
    (when (halley-chat--is-queued event) (halley-chat--unqueue)))
  (let ((input (plist-get event :input)))
    (if (stringp input)
        (halley-chat--paragraph (halley-chat--heading "You") "\n" input)
      (dolist (item input) (halley-chat--show-item item 'live))))
  (halley-chat--paragraph (halley-chat--heading "Answer") "\n")
  (force-mode-line-update))

(defun halley-chat--is-queued (event)
  "Whether EVENT begins the turn that waited."
  (let ((input (plist-get event :input)))
    (string-search (if (stringp input) input (mapconcat #'halley-item-text input "\n"))
                   (overlay-get halley-chat--queued 'before-string))))

(defun halley-chat--start-item (item)
  "Show that ITEM of an answer begins.
The text of a message follows in events of its own."
  (when-let* ((id (plist-get item :id)))
    (unless (gethash id halley-chat--items) (puthash id 'live halley-chat--items)))
  (pcase (plist-get item :type)
    ("message" (halley-chat--separate))
    ("function_call" (halley-chat--note (format "calls %s" (plist-get item :name))))))

(defun halley-chat--add-items (items)
  "Show ITEMS that were added and are not shown.
A turn whose items the history had already was heard twice; its second account
is dropped."
  (if (and halley-chat--turn items
           (seq-every-p (lambda (item)
                          (eq (gethash (plist-get item :id) halley-chat--items) 'history))
                        items))
      (progn (halley-chat--remove halley-chat--turn)
             (setq halley-chat--turn nil))
    (dolist (item items) (halley-chat--show-item item 'live))))

(defun halley-chat--end-turn (status)
  "End the turn that is being answered with STATUS."
  (when halley-chat--turn
    (unless (or (equal status "completed") (and halley-chat--sent (equal status "failed")))
      (halley-chat--note (if (equal status "cancelled") "stopped" status))))
  (setq halley-chat--turn nil
        halley-chat--response nil)
  (force-mode-line-update))

(defun halley-chat--show-item (item origin)
  "Show ITEM, which comes from ORIGIN, history or live, unless it is shown."
  (let ((id (plist-get item :id)))
    (unless (and id (gethash id halley-chat--items))
      (when id (puthash id origin halley-chat--items))
      (pcase (or (plist-get item :type) "message")
        ("message"
         (let ((is-answer (equal (plist-get item :role) "assistant")))
           (if (and is-answer halley-chat--turn)
               (progn (halley-chat--separate)
                      (halley-chat--insert (halley-item-text item)))
             (halley-chat--paragraph (halley-chat--heading (if is-answer "Answer" "You")) "\n"
                                     (halley-item-text item)))))
        ("function_call" (halley-chat--note (format "calls %s" (plist-get item :name))))))))

;;;; The transcript

(defun halley-chat--heading (name)
  "The heading of a text by NAME."
  (propertize (format "## %s" name) 'font-lock-face 'halley-question))

(defun halley-chat--paragraph (&rest texts)
  "Show TEXTS as a paragraph of their own."
  (unless (= halley-chat--end (point-min))
    (halley-chat--insert "\n\n"))
  (halley-chat--insert (apply #'concat texts)))

(defun halley-chat--note (text)
  "Show TEXT, which is Halley's own."
  (halley-chat--paragraph (propertize (format "[%s]" text) 'font-lock-face 'halley-note)))

(defun halley-chat--separate ()
  "Begin a further message of an answer."
  (unless (eq (char-before halley-chat--end) ?\n)
    (halley-chat--insert "\n\n")))

(defun halley-chat--insert (text)
  "Add TEXT to the transcript.  It can't be undone, and the draft can."
  (save-restriction
    (widen)
    (halley--insert-aside halley-chat--end (halley-chat--fixed text) nil)))

(defun halley-chat--fixed (text)
  "TEXT so that it can't be edited."
  (propertize text 'read-only t 'front-sticky '(read-only) 'rear-nonsticky '(read-only)))

(defun halley-chat--remove (from)
  "Take the transcript away from FROM to its end."
  (save-restriction
    (widen)
    (let ((inhibit-read-only t)
          (end (marker-position halley-chat--end)))
      (let ((buffer-undo-list t)) (delete-region from end))
      (halley--predate-insertion buffer-undo-list nil end (- from end)))))

(provide 'halley-chat)
;;; halley-chat.el ends here
