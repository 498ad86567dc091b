;;; halley-chat-tests.el --- Tests of shared conversations -*- lexical-binding: t; -*-

;;; Commentary:

;; A conversation in a buffer, and other programs in the same one.

;;; Code:

(require 'halley-tests)

(defmacro halley-tests-chatting (name metadata &rest body)
  "Evaluate BODY in a chat buffer on the conversation NAME.
The simulator takes its orders from METADATA."
  (declare (indent 2))
  `(halley-tests-with ,metadata
     (halley-chat ,name)
     (halley-tests-wait (eq halley-chat--waiting t))
     ,@body))

(defun halley-tests--say (text)
  "Send TEXT from this chat buffer."
  (goto-char (point-max))
  (insert text)
  (halley-chat-send))

(defun halley-tests--shell (name prompt metadata)
  "Ask PROMPT in the conversation NAME from a shell.
METADATA, a JSON object, orders the answer."
  (make-process :name "halley" :noquery t :buffer nil
                :command (list (getenv "HALLEY") "--no-stdin" "-C" name "--param"
                               (concat "metadata=" metadata) prompt)))

(ert-deftest halley-tests-chat ()
  "A chat sends its draft and shows the turn, and again when it is opened anew."
  (halley-tests-chatting "plain" '((text . "an answer"))
    (should (equal (halley-tests-text) "\n\n## You\n"))
    (halley-tests--say "a question")
    (halley-tests-wait (and (not halley-chat--sent) (not halley-chat--turn)))
    (let ((text "## You\na question\n\n## Answer\nan answer\n\n## You\n"))
      (should (equal (halley-tests-text) text))
      (halley-chat-reload)
      (halley-tests-wait (eq halley-chat--waiting t))
      (should (equal (halley-tests-text) text)))
    (should (member "plain" (halley-chat--names)))
    (should-error (halley-chat-send) :type 'user-error)
    (goto-char (point-min))
    (should-error (insert "x") :type 'text-read-only)))

(ert-deftest halley-tests-chat-live ()
  "A turn that another program makes appears while it streams, and leaves the draft alone."
  (halley-tests-chatting "live" nil
    (goto-char (point-max))
    (insert "my")
    (undo-boundary)
    (let ((shell (halley-tests--shell "live" "asked elsewhere"
                                      "{\"words\":\"60\",\"rate\":\"60\"}")))
      (halley-tests-wait (halley-tests-shows-p "No model"))
      (should (process-live-p shell))
      (should (equal (halley-chat--state) " answering"))
      (insert " draft")
      (halley-tests-wait (not halley-chat--turn))
      (should (string-match-p
               "\\`## You\nasked elsewhere\n\n## Answer\n\\[halley-sim.*\n\n## You\nmy draft\\'"
               (halley-tests-text)))
      (should (= (point) (point-max)))
      (halley-tests-undo)
      (should (string-suffix-p "## You\nmy" (halley-tests-text)))
      (halley-tests-undo t)
      (should (string-suffix-p "\n\n## You\n" (halley-tests-text))))))

(ert-deftest halley-tests-chat-middle ()
  "A chat that is opened in the middle of a turn shows it once, from its beginning."
  (let ((shell (halley-tests--shell "middle" "asked before" "{\"words\":\"60\",\"rate\":\"60\"}")))
    (halley-tests-wait (plist-get (halley-call "daemon.status" nil) :responses))
    (halley-tests-chatting "middle" nil
      (halley-tests-wait (halley-tests-shows-p "No model"))
      (halley-tests-wait (not (or (process-live-p shell) halley-chat--turn)))
      (let ((live (halley-tests-text)))
        (should (string-match-p "\\`## You\nasked before\n\n## Answer\n\\[halley-sim" live))
        (halley-chat-reload)
        (halley-tests-wait (eq halley-chat--waiting t))
        (should (equal (halley-tests-text) live))))))

(ert-deftest halley-tests-chat-history ()
  "All pages of a history are shown, and items that are added later."
  (let ((items (mapcar (lambda (number) `((role . "user") (content . ,(format "item %d." number))))
                       (number-sequence 1 130))))
    (halley-call "conversations.create" '((name . "history")))
    (halley-call "conversations.items.create"
                 `((conversation . "history") (items . ,(vconcat (seq-take items 20)))))
    (dotimes (page 6)
      (halley-call "conversations.items.create"
                   `((conversation . "history")
                     (items . ,(vconcat (seq-take (seq-drop items (+ 20 (* 20 page))) 20))))))
    (halley-tests-chatting "history" nil
      (should (= 140 (+ 10 (how-many "^item [0-9]+\\.$" (point-min)))))
      (should (halley-tests-shows-p "item 130."))
      (halley-call "conversations.items.create"
                   '((conversation . "history")
                     (items . [((role . "user") (content . "noted later"))])))
      (halley-tests-wait (halley-tests-shows-p "noted later\n\n## You\n")))))

(ert-deftest halley-tests-chat-twice ()
  "A turn that the history has already is not shown a second time."
  (with-temp-buffer
    (halley-chat-mode)
    (halley-chat--lay-out)
    (setq halley-chat--items (make-hash-table :test #'equal) halley-chat--waiting t)
    (halley-chat--show-item '(:id "u" :role "user" :content "q") 'history)
    (halley-chat--show-item '(:id "a" :role "assistant" :content "one") 'history)
    (let ((text (halley-tests-text)))
      (halley-chat--take '(:type "conversation.response.started" :input "q"))
      (halley-chat--take '(:type "response.output_item.added" :item (:id "a" :type "message")))
      (halley-chat--take '(:type "response.output_text.delta" :delta "one"))
      (halley-chat--take '(:type "conversation.items.added" :items ((:id "a" :role "assistant"))))
      (halley-chat--take '(:type "conversation.response.ended" :status "completed"))
      (should (equal (halley-tests-text) text)))))

(ert-deftest halley-tests-chat-failure ()
  "What a turn failed of is said once, and its question is the draft again."
  (halley-tests-chatting "failing" '((status . "400") (error_message . "not like this"))
    (halley-tests--say "a question")
    (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
    (should (string-match-p "\\[the upstream .*: not like this\\]\n\n## You\na question\\'"
                            (halley-tests-text)))
    (should (= 1 (how-many "^\\[" (point-min))))))

(ert-deftest halley-tests-chat-failed-response ()
  "An answer that the model failed in the midst of is not shown as a whole one."
  (halley-tests-chatting "half" '((text . "half of it") (failed . "1") (error_message . "no tea"))
    (halley-tests--say "a question")
    (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
    (should (string-match-p "half of it\n\n\\[the model failed: no tea\\]\n\n## You\n\\'"
                            (halley-tests-text))))
  (halley-tests-chatting "nothing" '((stream_error . "nested:2"))
    (halley-tests--say "a question")
    (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
    (should (string-match-p "^\\[" (halley-tests-text)))
    (should (string-suffix-p "## You\na question" (halley-tests-text)))))

(ert-deftest halley-tests-chat-given-back ()
  "A turn that failed comes back before the draft that was begun meanwhile."
  (halley-tests-chatting "given" '((status . "400") (header_delay_ms . "300"))
    (halley-tests--say "a question")
    (goto-char (point-max))
    (insert "next")
    (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
    (should (string-suffix-p "## You\na question\n\nnext" (halley-tests-text)))))

(ert-deftest halley-tests-chat-queued ()
  "A turn that waits for the one that runs is shown as queued."
  (halley-tests-chatting "queue" '((text . "at last"))
    (halley-tests--shell "queue" "asked elsewhere" "{\"words\":\"40\",\"rate\":\"60\"}")
    (halley-tests-wait (halley-tests-shows-p "No model"))
    (halley-tests--say "wait for me")
    (should (equal (halley-chat--state) " queued"))
    (should (string-search "[queued: wait for me]"
                           (overlay-get halley-chat--queued 'before-string)))
    (halley-tests-wait (not halley-chat--sent))
    (halley-tests-wait (halley-tests-shows-p "## You\nwait for me\n\n## Answer\nat last\n"))
    (should-not (overlays-in (point-min) (point-max)))))

(ert-deftest halley-tests-chat-anew ()
  "A conversation that was deleted and begun anew is followed."
  (halley-tests-chatting "anew" '((text . "an answer"))
    (halley-tests--say "a question")
    (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
    (halley-call "conversations.delete" '((conversation . "anew")))
    (halley-tests-wait (halley-tests-shows-p "[the conversation was deleted]"))
    (halley-tests--shell "anew" "hello again" "{\"text\":\"a new one\"}")
    (halley-tests-wait (halley-tests-shows-p "## You\nhello again\n\n## Answer\na new one\n"))
    (halley-call "conversations.delete" '((conversation . "anew")))
    (halley-tests-wait (= 2 (how-many "the conversation was deleted" (point-min))))
    (halley-tests--say "from here")
    (halley-tests-wait (halley-tests-shows-p "## You\nfrom here\n\n## Answer\nan answer\n"))
    (should (= 1 (how-many "^from here$" (point-min))))))

(ert-deftest halley-tests-chat-stop ()
  "Stopping an answer in a chat cancels it upstream and keeps what has arrived."
  (halley-tests-chatting "stopped" halley-tests-endless
    (let ((before (halley-tests-cancelled)))
      (halley-tests--say "a question")
      (halley-tests-wait (< 200 (buffer-size)))
      (halley-stop)
      (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
      (should (halley-tests-shows-p "\n\n[stopped]\n\n## You\n"))
      (halley-tests-wait (< before (halley-tests-cancelled)))
      (should-error (halley-stop) :type 'user-error))))

(ert-deftest halley-tests-chat-kill ()
  "Killing a chat's buffer cancels what was asked from it."
  (let (before)
    (halley-tests-chatting "killed" halley-tests-endless
      (setq before (halley-tests-cancelled))
      (halley-tests--say "a question")
      (halley-tests-wait (< 200 (buffer-size))))
    (halley-tests-wait (< before (halley-tests-cancelled)))))

(ert-deftest halley-tests-chat-daemon-killed ()
  "When the daemon dies the chat keeps its text, says so, and connects again."
  (halley-tests-with-daemon daemon ""
    (halley-tests-chatting "lost" '((text . "kept by the daemon"))
      (halley-tests--say "first")
      (halley-tests-wait (not (or halley-chat--sent halley-chat--turn)))
      (setq halley-params (list (cons 'metadata halley-tests-endless)))
      (halley-tests--say "second")
      (halley-tests-wait (< 300 (buffer-size)))
      (let ((early (buffer-substring-no-properties (point-min) halley-chat--end)))
        (signal-process daemon 'SIGKILL)
        (halley-tests-wait (not (or halley-chat--sent (process-live-p daemon))))
        (should (string-prefix-p early (halley-tests-text)))
        (should (= 1 (how-many "^\\[the connection to halleyd was lost" (point-min))))
        (should (string-suffix-p "\n\n## You\nsecond" (halley-tests-text)))
        (should-error (halley-chat-send) :type 'halley-no-daemon)
        (should (string-prefix-p early (halley-tests-text)))
        (setq daemon (halley-tests-start-daemon directory)
              halley-params '((metadata . ((text . "well again")))))
        (halley-chat-send)
        (halley-tests-wait (halley-tests-shows-p "## Answer\nwell again\n\n## You\n"))
        (should (string-prefix-p early (halley-tests-text)))
        (should (= 1 (how-many "kept by the daemon" (point-min))))))))

(provide 'halley-chat-tests)
;;; halley-chat-tests.el ends here
