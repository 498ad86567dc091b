;;; halley.el --- Ask language models through the daemon halleyd -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, convenience
;; URL: https://www.cometapi.com

;;; Commentary:

;; Halley is the Responses API as a service of this machine.  These commands
;; speak to its socket; keys, upstreams and stored conversations are the daemon's.
;;
;;   M-x halley-ask          a question, its answer in a buffer of its own
;;   M-x halley-send         an answer at point, about the region or the buffer
;;   M-x halley-rewrite      a replacement of the region, shown as a diff first
;;   M-x halley-chat         a named conversation, the one that `halley -C NAME' continues
;;   M-x halley-approve      says whether a tool may run that the model wants to
;;   M-x halley-stop         stops an answer; what has arrived stays
;;   M-x halley-set-model    M-x halley-set-profile
;;
;; An answer is one undo step, whatever is edited while it streams, and goes on
;; when a formatter writes the text anew.  Killing the buffer that an answer
;; streams into cancels it.

;;; Code:

(require 'halley-client)
(require 'halley-text)
(require 'halley-rewrite)
(require 'halley-chat)
(require 'halley-approve)

(defcustom halley-send-instructions
  "Your answer is inserted into the text that the user is editing.
Write only what belongs there: no introduction, no explanation around it, and
no Markdown fence unless the text is Markdown."
  "Instructions of `halley-send'; nil, or a profile, leaves them to the daemon."
  :type '(choice (const :tag "None" nil) string)
  :group 'halley)

;;;; Asking

(define-derived-mode halley-answer-mode special-mode "Halley"
  "Major mode for the answers of `halley-ask'."
  ;; A quotation mark alone is no string.
  :syntax-table text-mode-syntax-table
  (halley-show-markdown)
  (buffer-disable-undo))

(define-key halley-answer-mode-map (kbd "C-c C-k") #'halley-stop)
(define-key halley-answer-mode-map (kbd "a") #'halley-ask)

;;;###autoload
(defun halley-ask (prompt)
  "Ask PROMPT and show the answer in the buffer *halley*, below the earlier ones.
An active region goes with the question."
  (interactive (list (halley-read-prompt "Ask: ")))
  (let* ((input (if (use-region-p)
                    (halley-about (region-beginning) (region-end) prompt)
                  prompt))
         (params (halley-create-params input))
         (connection (halley-connect)))
    (with-current-buffer (get-buffer-create "*halley*")
      (unless (derived-mode-p 'halley-answer-mode) (halley-answer-mode))
      (let ((window (display-buffer (current-buffer))))
        (goto-char (point-max))
        (halley--insert-note (propertize prompt 'font-lock-face 'halley-question))
        (set-window-point window (point)))
      (halley-answer-begin connection params #'halley--finish-question))))

(defun halley--finish-question (answer trouble)
  "Say below ANSWER what TROUBLE it had, if any."
  (when trouble
    (save-excursion
      (goto-char (halley-answer-end answer))
      (halley--insert-note (propertize (format "[%s]" trouble) 'font-lock-face 'halley-note)))))

(defun halley--insert-note (text)
  "Insert TEXT at point as a paragraph of its own."
  (let ((inhibit-read-only t))
    (insert (if (bobp) "" "\n\n") text "\n\n")))

;;;; At point

(defun halley--send-instructions ()
  "The instructions of `halley-send' in this buffer; in Org an answer is Org too."
  (concat halley-send-instructions
          (and (derived-mode-p 'org-mode)
               "\nThe text is Org: write Org markup with source blocks, and no Markdown.")))

;;;###autoload
(defun halley-send (prompt &optional beg end)
  "Ask PROMPT about the text from BEG to END and stream the answer to point.
Interactively, that is the active region, or the accessible part of the buffer;
without a prompt it is the prompt itself."
  (interactive
   (append (list (string-trim (read-string "Write here: " nil 'halley-prompt-history)))
           (if (use-region-p)
               (list (region-beginning) (region-end))
             (list (point-min) (point-max)))))
  (barf-if-buffer-read-only)
  (let* ((input (if (string-empty-p prompt)
                    (buffer-substring-no-properties beg end)
                  (halley-about beg end prompt)))
         (params (apply #'halley-create-params input
                        (and halley-send-instructions (not halley-profile)
                             `((instructions . ,(halley--send-instructions)))))))
    (when (string-blank-p input) (user-error "There is nothing to ask"))
    (deactivate-mark)
    (halley-answer-begin (halley-connect) params #'halley--finish-sending)
    (message "Halley is answering; M-x halley-stop stops it")))

(defun halley--finish-sending (answer trouble)
  "Say what TROUBLE ANSWER had, or that it is there."
  (message "Halley: %s%s" (or trouble "done")
           (if (and trouble (halley-answer-has-begun answer)) "; what had arrived is kept" "")))

;;;; Stopping

;;;###autoload
(defun halley-stop ()
  "Stop the answer that streams into this buffer, or else the latest one.
What has arrived stays."
  (interactive)
  (if (derived-mode-p 'halley-chat-mode)
      (halley-chat-stop)
    (let ((answer (or (car (halley--answers-here)) (car halley--answers))))
      (unless answer (user-error "No answer is running"))
      (halley-answer-cancel answer))))

;;;; Models and profiles

;;;###autoload
(defun halley-set-model (model &optional here)
  "Ask MODEL from now on, or if it is empty the profile's or the daemon's.
With a prefix argument, HERE, in this buffer only."
  (interactive (list (completing-read (format-prompt "Model" "the daemon's")
                                      (halley--model-table) nil nil nil nil "")
                     current-prefix-arg))
  (halley--choose 'halley-model model here))

(defun halley--model-table ()
  "A completion table of the models that the daemon's upstreams have."
  (let* ((models (plist-get (halley-call "models.list" nil) :data))
         (upstreams (mapcar (lambda (model)
                              (cons (plist-get model :id)
                                    (plist-get (plist-get model :halley) :upstream)))
                            models)))
    (halley--table upstreams
                   (lambda (name) (format "  %s" (or (cdr (assoc name upstreams)) ""))))))

;;;###autoload
(defun halley-set-profile (profile &optional here)
  "Ask with PROFILE from now on; an empty one is none.
With a prefix argument, HERE, in this buffer only."
  (interactive (list (completing-read (format-prompt "Profile" "none") (halley--profiles)
                                      nil nil nil nil "")
                     current-prefix-arg))
  (halley--choose 'halley-profile profile here))

(defun halley--profiles ()
  "The names of the profiles in the daemon's configuration."
  (let* ((status (halley-call "daemon.status" nil))
         (file (car (plist-get (plist-get status :configuration) :files)))
         (default-directory temporary-file-directory))
    (unless (executable-find halley-program)
      (user-error "There is no program \"%s\" to ask for profiles; set `halley-program'"
                  halley-program))
    (with-temp-buffer
      (let ((exit (apply #'call-process halley-program nil t nil "config" "show"
                         (and file (list "--config" file))))
            (names nil))
        (unless (eq exit 0)
          (user-error "%s config show: %s" halley-program (string-trim (buffer-string))))
        (goto-char (point-min))
        (while (re-search-forward "^\\[profiles\\.\\(?:\"\\(.+\\)\"\\|\\(.+\\)\\)\\]" nil t)
          (push (or (match-string 1) (match-string 2)) names))
        (nreverse names)))))

(defun halley--table (candidates annotate)
  "A completion table of CANDIDATES, which ANNOTATE describes."
  (lambda (string predicate action)
    (if (eq action 'metadata)
        `(metadata (annotation-function . ,annotate))
      (complete-with-action action candidates string predicate))))

(defun halley--choose (variable name here)
  "Set VARIABLE to NAME, or to nil if that is empty; if HERE, in this buffer."
  (set (if here (make-local-variable variable) variable)
       (if (string-empty-p name) nil name))
  (message "Halley: %s is %s" variable (or (symbol-value variable) "not set")))

(provide 'halley)
;;; halley.el ends here
