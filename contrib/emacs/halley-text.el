;;; halley-text.el --- Text that arrives while people edit -*- lexical-binding: t; -*-

;;; Commentary:

;; An answer streams into a buffer in which its user goes on working.  It is one
;; undo step: its one record stands in the undo list where the answer began and
;; grows with it, and the records of edits made since then are changed as if the
;; whole answer had been there before them.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'halley-client)

;;;; Markdown

(defface halley-question '((t :inherit (bold font-lock-keyword-face)))
  "What was asked."
  :group 'halley)

(defface halley-note '((t :inherit (italic shadow)))
  "What Halley has to say about an answer."
  :group 'halley)

(defface halley-code '((t :inherit (fixed-pitch font-lock-string-face)))
  "Code in an answer."
  :group 'halley)

(defconst halley--markdown-keywords
  '(("^#\\{1,6\\} .*$" . 'bold)
    ("`[^`\n]+`" . 'halley-code)
    ("\\*\\*[^*\n]+\\*\\*" . 'bold)
    ("\\(?:^\\|[[:space:](]\\)\\([*_][^*_[:space:]\n][^*_\n]*[*_]\\)" 1 'italic)
    ("^[[:space:]]*\\([-*+]\\|[0-9]+[.)]\\) " 1 'font-lock-builtin-face)
    ("^>.*$" . 'font-lock-comment-face)
    ("\\[[^]\n]+\\](\\([^)\n]+\\))" 1 'link))
  "Keywords for `font-lock-defaults': Markdown that fits in a line.")

(defconst halley--fence-rules
  (syntax-propertize-rules ("^[[:space:]]*\\(`\\)``" (1 "|")))
  "Make a fenced block what a string is elsewhere, so that it may have any length.")

(defun halley-show-markdown ()
  "Show the Markdown of this buffer."
  (setq-local font-lock-defaults
              '(halley--markdown-keywords
                nil nil nil (font-lock-syntactic-face-function . halley--syntactic-face)))
  (setq-local syntax-propertize-function halley--fence-rules)
  (setq-local word-wrap t))

(defun halley--syntactic-face (_state)
  "The face of a fenced block."
  'halley-code)

(defun halley-fenced (name text)
  "TEXT in a Markdown fence that is longer than any within, under NAME."
  (let ((fence "```"))
    (while (string-search fence text)
      (setq fence (concat fence "`")))
    (format "%s:\n%s%s\n%s%s%s" name fence (or (file-name-extension name) "") text
            (if (or (string-empty-p text) (string-suffix-p "\n" text)) "" "\n")
            fence)))

;;;; Prompts

(defvar halley-prompt-history nil
  "What was asked before.")

(defun halley-read-prompt (label)
  "Read a prompt under LABEL; it may not be empty."
  (let ((prompt (string-trim (read-string label nil 'halley-prompt-history))))
    (when (string-empty-p prompt) (user-error "There is nothing to ask"))
    prompt))

(defun halley-about (beg end prompt)
  "The text from BEG to END under its buffer's name, and then PROMPT."
  (let ((name (if buffer-file-name (file-name-nondirectory buffer-file-name) (buffer-name))))
    (concat (halley-fenced name (buffer-substring-no-properties beg end)) "\n\n" prompt)))

;;;; Undo

(defun halley--predate-insertion (list until from by)
  "Make the undo LIST as if an insertion had preceded its records.
BY characters were inserted at FROM without a record.  The records up to the
element UNTIL, or all, are moved; FROM is followed back through them, since each
speaks of the text of its time."
  (cl-flet ((moved (position edge)
              (if (>= (abs position) edge)
                  (* (if (< position 0) -1 1) (+ (abs position) by))
                position)))
    (while (and (consp list) (not (and until (eq (car list) until))))
      (pcase (car list)
        ((and (pred integerp) position)
         (setcar list (moved position from)))
        ((and `(,(and (pred integerp) beg) . ,(and (pred integerp) end)) record)
         (setcar record (moved beg from))
         (setcdr record (moved end (1+ from)))
         ;; What was inserted around FROM is no longer one piece.
         (when (< beg from end)
           (setcar record (+ from by))
           (setcdr list (cons (cons beg from) (cdr list)))
           (pop list))
         (setq from (cond ((>= from end) (- from (- end beg)))
                          (t (min from beg)))))
        ((and `(,(and (pred stringp) text) . ,(and (pred integerp) position)) record)
         (setcdr record (moved position from))
         (when (> from (abs position)) (setq from (+ from (length text)))))
        ((or `(nil ,_ ,_ . ,range) `(apply ,(pred integerp) . ,(and range `(,_ ,_ . ,_))))
         (halley--move-range range #'moved from)))
      (setq list (cdr list)))))

(defun halley--move-range (range moved from)
  "Move the ends of RANGE, (BEG . END) or (BEG END . REST), by MOVED at FROM."
  (setcar range (funcall moved (car range) from))
  (if (consp (cdr range))
      (setcar (cdr range) (funcall moved (cadr range) (1+ from)))
    (setcdr range (funcall moved (cdr range) (1+ from)))))

;;;; Insertion

(defun halley--insert-following (marker text)
  "Insert TEXT at MARKER and move MARKER behind it.
Points at MARKER, the buffer's and its windows', follow."
  (let* ((from (marker-position marker))
         (inhibit-read-only t)
         (followers (seq-filter (lambda (window) (= (window-point window) from))
                                (get-buffer-window-list nil nil t)))
         (follows (= (point) from)))
    (save-excursion
      (goto-char from)
      (insert text)
      (set-marker marker (point)))
    (when follows (goto-char marker))
    (dolist (window followers) (set-window-point window marker))))

(defun halley--insert-aside (marker text until)
  "Insert TEXT at MARKER and leave no record of it for undo.
Records that are newer than UNTIL, an element of the undo list or nil, move
with the text."
  (let ((from (marker-position marker)))
    (let ((buffer-undo-list t)) (halley--insert-following marker text))
    (halley--predate-insertion buffer-undo-list until from (- marker from))))

;;;; Answers

(cl-defstruct (halley-answer (:constructor halley-answer--make) (:copier nil))
  "An answer that streams into BUFFER, from BEGINNING to END."
  buffer beginning end has-begun (tail "") waiting timer (pause 0) record connection id is-cancelled on-done)

(defcustom halley-done-functions nil
  "Functions called when an answer has ended, in its buffer.
Each is called with the answer, and with nil or what kept it from being whole."
  :type 'hook
  :group 'halley)

(defvar halley--answers nil
  "The answers that are running, the latest first.")

(defun halley-answer-begin (connection params on-done)
  "Ask over CONNECTION with PARAMS and stream the answer to point.
CONNECTION is the answer's from now on.  ON-DONE is called in this buffer with
the answer, and with nil or what kept it from being complete."
  (let ((answer (halley-answer--make
                 :buffer (current-buffer) :connection connection :on-done on-done
                 :beginning (point-marker) :end (point-marker))))
    (push answer halley--answers)
    (add-hook 'kill-buffer-hook #'halley--abandon-answers nil t)
    (setf (halley-answer-id answer)
          (halley-request connection "responses.create" params
                          (lambda (event) (halley-answer--take answer event))
                          (lambda (result failure) (halley-answer--end answer result failure))))
    answer))

(defun halley-answer-cancel (answer)
  "Stop ANSWER; what has arrived stays."
  (unless (halley-answer-is-cancelled answer)
    (setf (halley-answer-is-cancelled answer) t)
    (halley-cancel (halley-answer-connection answer) (halley-answer-id answer))))

(defun halley-answer-text (answer)
  "What stands where ANSWER was written."
  (with-current-buffer (halley-answer-buffer answer)
    (save-restriction
      (widen)
      (buffer-substring-no-properties (halley-answer-beginning answer)
                                      (halley-answer-end answer)))))

(defun halley--answers-here ()
  "The answers that are running in this buffer, the latest first."
  (seq-filter (lambda (answer) (eq (halley-answer-buffer answer) (current-buffer)))
              halley--answers))

(defun halley--abandon-answers ()
  "Cancel the answers that stream into this buffer, which is about to go."
  (mapc #'halley-answer--abandon (halley--answers-here)))

(defun halley-answer--abandon (answer)
  "Cancel ANSWER, whose buffer is gone."
  (setq halley--answers (delq answer halley--answers))
  (halley-answer-cancel answer)
  (halley-disconnect (halley-answer-connection answer)))

(defun halley-event-text (event)
  "The text in EVENT that belongs to an answer, or nil."
  (pcase (plist-get event :type)
    ((or "response.output_text.delta" "response.refusal.delta") (plist-get event :delta))))

(defun halley-answer--take (answer event)
  "Take EVENT of ANSWER."
  (let ((text (halley-event-text event)))
    (cond
     ;; Hooks do not run for every buffer that is killed.
     ((not (buffer-live-p (halley-answer-buffer answer))) (halley-answer--abandon answer))
     (text (halley-answer--add answer text))
     ((and (equal (plist-get event :type) "response.content_part.added")
           (or (halley-answer-has-begun answer) (halley-answer-waiting answer)))
      (halley-answer--add answer "\n\n")))))

(defun halley-answer--add (answer text)
  "Add TEXT to ANSWER, at once or, where that has taken long, together with more."
  (push text (halley-answer-waiting answer))
  (if (= 0 (halley-answer-pause answer))
      (halley-answer--flush answer (float-time))
    (unless (halley-answer-timer answer)
      (setf (halley-answer-timer answer)
            (run-with-timer (halley-answer-pause answer) nil #'halley-answer--flush answer
                            (+ (float-time) (halley-answer-pause answer)))))))

(defun halley-answer--flush (answer due)
  "Insert what ANSWER has got; that was DUE.
How late it is tells how long it takes to show, as long lines do."
  (when (halley-answer-timer answer) (cancel-timer (halley-answer-timer answer)))
  (setf (halley-answer-timer answer) nil)
  (let ((text (apply #'concat (nreverse (halley-answer-waiting answer))))
        (late (- (float-time) due))
        (start (float-time)))
    (setf (halley-answer-waiting answer) nil)
    (when (and (buffer-live-p (halley-answer-buffer answer)) (not (string-empty-p text)))
      (halley-answer--insert answer text))
    (setf (halley-answer-pause answer)
          (min 2 (* 4 (max 0.01 late (- (float-time) start)))))))

(defun halley-answer--insert (answer text)
  "Add TEXT to ANSWER.
One that its user has deleted is not wanted any more and is cancelled."
  (with-current-buffer (halley-answer-buffer answer)
    (save-restriction
      (widen)
      (cond
       ((string-empty-p text))
       ((not (halley-answer-has-begun answer)) (halley-answer--insert-first answer text))
       ((< (halley-answer-beginning answer) (halley-answer-end answer))
        (halley-answer--insert-next answer text))
       ((halley-answer--find-again answer)
        (halley-answer--insert-first answer text))
       (t (halley-answer-cancel answer)))
      (halley-answer--remember answer text))))

(defconst halley--tail-length 400
  "As many characters of an answer are enough to know it again by.")

(defun halley-answer--remember (answer text)
  "Keep the end of ANSWER, to which TEXT was added."
  (let ((tail (concat (halley-answer-tail answer) text)))
    (setf (halley-answer-tail answer)
          (substring tail (- (min (length tail) halley--tail-length))))))

(defun halley-answer--find-again (answer)
  "Whether the text of ANSWER still stands here, written anew by a formatter.
Its markers are then around that text."
  (let* ((words (split-string (halley-answer-tail answer)))
         (place (marker-position (halley-answer-end answer)))
         (regexp (mapconcat #'regexp-quote words "[[:space:]]+"))
         found)
    (when words
      (save-excursion
        (goto-char (point-min))
        (while (re-search-forward regexp nil t)
          (when (or (not found) (< (abs (- (match-end 0) place)) (abs (- (cdr found) place))))
            (setq found (cons (match-beginning 0) (match-end 0))))
          (goto-char (1+ (match-beginning 0)))))
      (when found
        ;; The space that the next word is parted by may be gone.
        (when (and (string-match "[[:space:]]+\\'" (halley-answer-tail answer))
                   (not (memq (char-after (cdr found)) '(?\s ?\t))))
          (save-excursion
            (goto-char (cdr found))
            (insert (match-string 0 (halley-answer-tail answer)))
            (setcdr found (point))))
        (set-marker-insertion-type (halley-answer-beginning answer) nil)
        (set-marker (halley-answer-beginning answer) (car found))
        (set-marker (halley-answer-end answer) (cdr found))
        t))))

(defun halley-answer--insert-first (answer text)
  "Begin ANSWER with TEXT and with its record in the undo list."
  (undo-boundary)
  (halley--insert-following (halley-answer-end answer) text)
  (set-marker-insertion-type (halley-answer-beginning answer) t)
  (setf (halley-answer-has-begun answer) t
        (halley-answer-record answer) (car-safe buffer-undo-list))
  (undo-boundary))

(defun halley-answer--insert-next (answer text)
  "Go on with ANSWER by TEXT."
  (let ((record (halley-answer-record answer)))
    (halley--insert-aside (halley-answer-end answer) text record)
    (when record (setcdr record (+ (cdr record) (length text))))))

(defun halley-answer--end (answer result failure)
  "End ANSWER with RESULT or FAILURE."
  (setq halley--answers (delq answer halley--answers))
  (halley-disconnect (halley-answer-connection answer))
  (halley-answer--flush answer (float-time))
  (when (buffer-live-p (halley-answer-buffer answer))
    (with-current-buffer (halley-answer-buffer answer)
      (unless (halley-answer-has-begun answer)
        (halley-answer--insert answer (halley-response-text result)))
      (let ((trouble (if failure (halley-failure-text failure) (halley-response-trouble result))))
        (funcall (halley-answer-on-done answer) answer trouble)
        (run-hook-with-args 'halley-done-functions answer trouble)))))

(provide 'halley-text)
;;; halley-text.el ends here
