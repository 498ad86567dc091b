;;; halley-commands-tests.el --- Tests of answers that stream -*- lexical-binding: t; -*-

;;; Commentary:

;; Questions, answers at point and rewrites, beside a user who goes on editing.

;;; Code:

(require 'halley-tests)
(require 'org)

;;;; Asking

(ert-deftest halley-tests-ask ()
  "An answer streams into *halley* as it comes, below the earlier ones."
  (halley-tests-with halley-tests-slow
    (halley-ask "first question")
    (halley-tests-wait (halley-tests-shows-p "[halley-simulator]" "*halley*"))
    (let ((early (halley-tests-text "*halley*")))
      (should halley--answers)
      (halley-tests-wait (not halley--answers))
      (should (string-prefix-p early (halley-tests-text "*halley*")))
      (should (< (length early) (length (halley-tests-text "*halley*"))))))
  (halley-tests-with '((text . "# One\n\nand *two*"))
    (halley-ask "first question")
    (halley-ask "second question")
    (halley-tests-wait (not halley--answers))
    (should (equal (halley-tests-text "*halley*")
                   (concat "first question\n\n# One\n\nand *two*\n\n"
                           "second question\n\n# One\n\nand *two*")))))

(ert-deftest halley-tests-markdown ()
  "Answers show their Markdown, fences of any length included."
  (halley-tests-with '((text . "# One \"\n```c\nint x = `1;\n\nint y;\n```\nafter `code`"))
    (halley-ask "q")
    (halley-tests-wait (not halley--answers))
    (with-current-buffer "*halley*"
      (font-lock-ensure)
      (dolist (sample '(("One" . bold) ("int y" . halley-code) ("after" . nil)
                        ("code" . halley-code)))
        (goto-char (point-min))
        (search-forward (car sample))
        (should (equal (cons (car sample) (get-text-property (1- (point)) 'face)) sample))))))

(ert-deftest halley-tests-failure ()
  "What the upstream refuses is said where the answer was expected."
  (halley-tests-with '((status . "400") (error_message . "not like this"))
    (halley-ask "q")
    (halley-tests-wait (not halley--answers))
    (should (halley-tests-shows-p "not like this]" "*halley*")))
  (halley-tests-with '((text . "begun well") (close . "after_events:5"))
    (halley-ask "q")
    (halley-tests-wait (not halley--answers))
    (should (string-match-p "\n\nbegun.*\n\n\\[.*\\]" (halley-tests-text "*halley*")))))

(ert-deftest halley-tests-daemon-killed ()
  "When the daemon dies in mid-answer the text stays, and the loss is said."
  (halley-tests-with halley-tests-endless
    (halley-tests-with-daemon daemon ""
      (halley-ask "q")
      (halley-tests-wait (< 200 (length (halley-tests-text "*halley*"))))
      (let ((early (halley-tests-text "*halley*")))
        (signal-process daemon 'SIGKILL)
        (halley-tests-wait (not halley--answers))
        (should (string-prefix-p early (halley-tests-text "*halley*")))
        (should (halley-tests-shows-p "[the connection to halleyd was lost" "*halley*"))))))

;;;; At point

(ert-deftest halley-tests-org ()
  "In Org an answer is asked for as Org, and its end is told to who listens."
  (halley-tests-with '((text . "* One"))
    (halley-tests-in-text "* Zero\n"
      (let* ((told nil)
             (halley-done-functions
              (list (lambda (answer trouble)
                      (push (cons (halley-answer-text answer) trouble) told)))))
        (let ((org-mode-hook nil)) (org-mode))
        (halley-send "q" (point-min) (point-max))
        (halley-tests-wait (not halley--answers))
        (should (string-suffix-p "and no Markdown."
                                 (plist-get (halley-tests-last-body) :instructions)))
        (halley-tests-wait (equal told '(("* One"))))))))

(ert-deftest halley-tests-stop ()
  "Stopping an answer cancels it upstream and keeps what has arrived."
  (halley-tests-with halley-tests-endless
    (halley-tests-in-text "text\n"
      (let ((before (halley-tests-cancelled)) said)
        (halley-send "q" (point-min) (point-max))
        (halley-tests-wait (< 100 (buffer-size)))
        (halley-stop)
        (cl-letf (((symbol-function 'message)
                   (lambda (&rest arguments) (push (apply #'format arguments) said))))
          (halley-tests-wait (not halley--answers)))
        (should (< 100 (buffer-size)))
        (should (equal said '("Halley: stopped; what had arrived is kept")))
        (halley-tests-wait (< before (halley-tests-cancelled)))
        (should-error (halley-stop) :type 'user-error)))))

(ert-deftest halley-tests-kill-buffer ()
  "Killing the buffer cancels the answer upstream."
  (halley-tests-with halley-tests-endless
    (let ((before (halley-tests-cancelled)))
      (halley-tests-in-text "text\n"
        (halley-send "q" (point-min) (point-max))
        (halley-tests-wait (< 100 (buffer-size))))
      (should-not halley--answers)
      (halley-tests-wait (< before (halley-tests-cancelled))))))

(ert-deftest halley-tests-one-undo ()
  "An answer is one undo step, and undoing it twice over brings it back."
  (halley-tests-with halley-tests-slow
    (halley-tests-in-text "above\nbelow\n"
      (set-buffer-modified-p nil)
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (not halley--answers))
      (let ((whole (halley-tests-text)))
        (should (string-match-p "\\`above\n\\[halley-simulator\\].*below\n\\'" whole))
        (halley-tests-undo)
        (should (equal (halley-tests-text) "above\nbelow\n"))
        (should-not (buffer-modified-p))
        (halley-tests-undo)
        (should (equal (halley-tests-text) whole))))))

(ert-deftest halley-tests-edit-above ()
  "Edits above and below while an answer streams break neither it nor undo."
  (halley-tests-with halley-tests-slow
    (halley-tests-in-text "above\nbelow\n"
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (halley-tests-shows-p "No model"))
      (save-excursion (goto-char (point-min)) (insert "NEW ") (undo-boundary))
      (save-excursion (goto-char (point-max)) (insert "LAST") (undo-boundary))
      (should halley--answers)
      (halley-tests-wait (not halley--answers))
      (should (string-match-p "\\`NEW above\n\\[halley-simulator\\].*below\nLAST\\'"
                              (halley-tests-text)))
      (halley-tests-undo)
      (should (string-match-p "\\`NEW above\n\\[halley-simulator\\].*below\n\\'"
                              (halley-tests-text)))
      (halley-tests-undo t)
      (should (string-match-p "\\`above\n\\[halley-simulator\\].*below\n\\'" (halley-tests-text)))
      (halley-tests-undo t)
      (should (equal (halley-tests-text) "above\nbelow\n")))))

(ert-deftest halley-tests-narrowed ()
  "An answer goes on where it began when the buffer is narrowed to something else."
  (halley-tests-with halley-tests-slow
    (halley-tests-in-text "above\nbelow\n"
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (halley-tests-shows-p "No model"))
      (narrow-to-region 1 3)
      (halley-tests-wait (not halley--answers))
      (should (equal (halley-tests-text) "ab"))
      (widen)
      (should (string-match-p "\\`above\n\\[halley-simulator\\].*below\n\\'"
                              (halley-tests-text))))))

(ert-deftest halley-tests-deleted ()
  "An answer that is deleted while it streams is cancelled, and nothing more comes."
  (halley-tests-with halley-tests-endless
    (halley-tests-in-text "above\nbelow\n"
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (< 100 (buffer-size)))
      (halley-tests-undo)
      (should (equal (halley-tests-text) "above\nbelow\n"))
      (halley-tests-wait (not halley--answers))
      (should (equal (halley-tests-text) "above\nbelow\n")))))

(ert-deftest halley-tests-formatter ()
  "A formatter that writes the whole text anew does not end an answer."
  (halley-tests-with '((text . "one two three four five six\nseven eight") (rate . "15"))
    (halley-tests-in-text "above\nbelow\n"
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (halley-tests-shows-p "one two"))
      (let ((text (replace-regexp-in-string
                   "[ \t]+$" "" (replace-regexp-in-string "^\\(.\\)" "  \\1" (halley-tests-text)))))
        (erase-buffer)
        (insert text)
        (undo-boundary))
      (halley-tests-wait (not halley--answers))
      (should (equal (halley-tests-text)
                     "  above\n  one two three four five six\nseven eightbelow\n")))))

(ert-deftest halley-tests-two-undos ()
  "Two answers that stream at once are two steps of undo."
  (halley-tests-with halley-tests-slow
    (halley-tests-in-text "above\n\nbelow\n"
      (goto-char 7)
      (halley-send "q" (point-min) (point-max))
      (goto-char (point-max))
      (halley-send "q" (point-min) (point-max))
      (halley-tests-wait (= 2 (how-many "No model" (point-min))))
      (halley-tests-wait (not halley--answers))
      (let ((whole (halley-tests-text)))
        (halley-tests-undo)
        (should (string-match-p "\\`above\n.*\nbelow\n.*\\'" (halley-tests-text)))
        (should (= 1 (how-many "\\[halley-simulator\\]" (point-min))))
        (should (> (length whole) (+ 200 (length (halley-tests-text)))))
        (halley-tests-undo t)
        (should (equal (halley-tests-text) "above\n\nbelow\n"))))))

(defun halley-tests--edit (random-number)
  "Edit this buffer somewhere, as a user may, driven by RANDOM-NUMBER."
  (goto-char (+ (point-min) (funcall random-number (1+ (buffer-size)))))
  (pcase (funcall random-number 4)
    (0 (insert (make-string (1+ (funcall random-number 4)) ?u)))
    (1 (delete-region (point) (min (point-max) (+ (point) (funcall random-number 5)))))
    (2 (delete-region (max (point-min) (- (point) (funcall random-number 5))) (point)))
    (3 (put-text-property (point) (min (point-max) (+ (point) 3)) 'x (funcall random-number 9)))))

(defun halley-tests--streamed (random-number)
  "Stream an answer among edits driven by RANDOM-NUMBER.
Return the text with the whole answer and without an edit."
  (let ((answer (halley-answer--make :buffer (current-buffer)
                                     :beginning (point-marker) :end (point-marker)))
        (start (point)) (whole "") (original (halley-tests-text)))
    (halley-answer--insert answer "A")
    (setq whole "A")
    (dotimes (_ 12)
      (if (= 0 (funcall random-number 2))
          (halley-tests--edit random-number)
        (when (< (halley-answer-beginning answer) (halley-answer-end answer))
          (setq whole (concat whole "aaa"))
          (halley-answer--insert answer "aaa")))
      (undo-boundary))
    (concat (substring original 0 (1- start)) whole (substring original (1- start)))))

(ert-deftest halley-tests-undo-property ()
  "Whatever is edited while an answer streams, undo goes back through it to the text before."
  (dotimes (seed 400)
    (let* ((state (+ 12345 (* 7919 seed)))
           (random-number (lambda (limit)
                            (setq state (logand (+ (* state 1103515245) 12345) #x7fffffff))
                            (% (ash state -8) limit))))
      (halley-tests-in-text "one two three\n"
        (goto-char 5)
        (let ((whole (halley-tests--streamed random-number)) (last-command nil) texts)
          (with-demoted-errors "%S"
            (while (not (equal (car texts) ""))
              (undo-boundary)
              (let ((inhibit-message t)) (undo))
              (setq last-command 'undo)
              (push (halley-tests-text) texts)))
          (should (equal (list seed (cadr texts)) (list seed "one two three\n")))
          (should (equal (list seed (or (nth 2 texts) whole)) (list seed whole))))))))

;;;; Rewriting

(defmacro halley-tests-rewriting (text answer &rest body)
  "Evaluate BODY in the preview of rewriting TEXT, which follows a line, to ANSWER."
  (declare (indent 2))
  `(halley-tests-with (list (cons 'text ,answer))
     (halley-tests-in-text (concat "kept\n" ,text)
       (let ((source (current-buffer))
             (preview (halley-rewrite "better" 6 (point-max))))
         (halley-tests-wait (not halley--answers))
         (with-current-buffer preview ,@body)))))

(ert-deftest halley-tests-accept ()
  "A replacement is shown as a diff, made when it is accepted, and undone in one step."
  (halley-tests-rewriting "one\ntwo\n" "one\n2"
    (should (derived-mode-p 'halley-rewrite-mode 'diff-mode))
    (should (equal (halley-tests-text)
                   "--- before\n+++ after\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"))
    (should (equal (halley-tests-text source) "kept\none\ntwo\n"))
    (halley-rewrite-accept)
    (should-not (buffer-live-p preview))
    (with-current-buffer source
      (should (equal (halley-tests-text) "kept\none\n2\n"))
      (should-not (overlays-in (point-min) (point-max)))
      (halley-tests-undo)
      (should (equal (halley-tests-text) "kept\none\ntwo\n")))))

(ert-deftest halley-tests-fenced ()
  "A replacement in a fence is taken out of it, and line ends stay as they were."
  (halley-tests-rewriting "one\n" "```c\n  1;\n```\n"
    (halley-rewrite-accept)
    (should (equal (halley-tests-text source) "kept\n  1;\n")))
  (halley-tests-rewriting "one" "1\n"
    (halley-rewrite-accept)
    (should (equal (halley-tests-text source) "kept\n1")))
  (should (equal (halley-rewrite--fitting "```\na\n```\nb\n```\nc\n```" "x")
                 "```\na\n```\nb\n```\nc\n```"))
  (should (equal (halley-rewrite--fitting "    indented\n" "x") "    indented")))

(ert-deftest halley-tests-no-diff ()
  "The difference is shown without a program for it too."
  (let ((exec-path nil))
    (should (equal (halley-rewrite--diff "a\n\nb\n" "c\n")
                   "--- before\n+++ after\n-a\n-\n-b\n+c\n"))))

(ert-deftest halley-tests-reject ()
  "A replacement that is rejected leaves the text as it was."
  (halley-tests-rewriting "one\n" "1"
    (halley-rewrite-reject)
    (should-not (buffer-live-p preview))
    (should (equal (halley-tests-text source) "kept\none\n"))
    (with-current-buffer source (should-not (overlays-in (point-min) (point-max))))))

(ert-deftest halley-tests-edited-since ()
  "A replacement of text that was edited since is refused."
  (halley-tests-rewriting "one\n" "1"
    (with-current-buffer source (goto-char 7) (insert "!"))
    (should-error (halley-rewrite-accept) :type 'user-error)
    (should (equal (halley-tests-text source) "kept\no!ne\n"))
    (should (buffer-live-p preview))))

(ert-deftest halley-tests-beside ()
  "What is written right before and behind the text to rewrite is none of it."
  (halley-tests-rewriting "one\n" "1"
    (with-current-buffer source
      (goto-char 6)
      (insert "before\n")
      (goto-char (point-max))
      (insert "behind\n"))
    (halley-rewrite-accept)
    (should (equal (halley-tests-text source) "kept\nbefore\n1\nbehind\n"))))

(ert-deftest halley-tests-cut-off ()
  "A replacement that was cut off, and one whose text was deleted, changes nothing."
  (halley-tests-with '((text . "1") (no_terminal . "1"))
    (halley-tests-in-text "one\n"
      (let ((preview (halley-rewrite "better" (point-min) (point-max))))
        (halley-tests-wait (not halley--answers))
        (with-current-buffer preview
          (should-error (halley-rewrite-accept) :type 'user-error)))
      (should (equal (halley-tests-text (get-buffer "text")) "one\n"))))
  (halley-tests-rewriting "one\n" "1"
    (with-current-buffer source (delete-region 6 (point-max)))
    (should-error (halley-rewrite-accept) :type 'user-error)
    (should (equal (halley-tests-text source) "kept\n"))))

(ert-deftest halley-tests-reject-early ()
  "A replacement can't be accepted while it streams; rejecting it cancels it upstream."
  (halley-tests-with halley-tests-endless
    (halley-tests-in-text "one\n"
      (let ((before (halley-tests-cancelled))
            (source (current-buffer))
            (preview (halley-rewrite "better" (point-min) (point-max))))
        (halley-tests-wait (< 100 (length (halley-tests-text preview))))
        (with-current-buffer preview
          (should-error (halley-rewrite-accept) :type 'user-error)
          (halley-rewrite-reject))
        (should (equal (halley-tests-text source) "one\n"))
        (halley-tests-wait (< before (halley-tests-cancelled)))))))

(provide 'halley-commands-tests)
;;; halley-commands-tests.el ends here
