;;; halley-approve.el --- Consent to tools -*- lexical-binding: t; -*-

;;; Commentary:

;; The daemon asks whether a tool may run.  The question is shown in a window
;; that is not selected, so that nothing that is being typed is taken for
;; consent; \\[halley-approve] goes there.

;;; Code:

(require 'cl-lib)
(require 'halley-client)

(cl-defstruct (halley-approve--question (:copier nil))
  "A question with ID, which CONNECTION asked with PARAMS."
  connection id params)

(defvar halley-approve--questions nil
  "The questions that are open; the first is shown.")

(defconst halley-approve--decisions
  '(("yes" . "allow") ("always" . "allow_session") ("no" . "deny"))
  "What the daemon calls the words of the user.")

(defvar halley-approve-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "y") #'halley-approve-once)
    (define-key map (kbd "a") #'halley-approve-always)
    (define-key map (kbd "n") #'halley-approve-deny)
    (define-key map (kbd "q") #'halley-approve-deny)
    map)
  "Keymap of `halley-approve-mode'.")

(define-derived-mode halley-approve-mode special-mode "Halley-Approve"
  "Major mode for the question whether a tool may run.
\\<halley-approve-mode-map>\\[halley-approve-once] this time, \\[halley-approve-always] always in \
this session, \\[halley-approve-deny] no.")

(defun halley-approve--words (question)
  "The words that QUESTION takes.
About a definition that changed there is nothing to allow for a while."
  (if (plist-get (halley-approve--question-params question) :definition)
      '("yes" "no")
    '("yes" "always" "no")))

(defun halley-approve--text (question)
  "The words of QUESTION."
  (let* ((params (halley-approve--question-params question))
         (title (plist-get params :title))
         (arguments (plist-get params :arguments)))
    (concat
     (if (plist-get params :definition)
         (format "The definition of the tool %s is not the one that was approved.  It says now:"
                 (plist-get params :tool))
       (format "The model wants to run %s%s:" (plist-get params :tool)
               (if title (format " (%s)" title) "")))
     "\n\n" (if (stringp arguments) arguments (json-serialize arguments)) "\n\n"
     (if (plist-get params :definition)
         "M-x halley-approve comes here; then y takes the new definition, n does not.\n"
       "M-x halley-approve comes here; then y this time, a always in this session, n no.\n"))))

(defun halley-approve--show ()
  "Show the first question, without selecting its window."
  (when-let* ((question (car halley-approve--questions)))
    (with-current-buffer (get-buffer-create "*halley-approve*")
      (unless (derived-mode-p 'halley-approve-mode) (halley-approve-mode))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert (halley-approve--text question))
        (goto-char (point-min)))
      (display-buffer (current-buffer)
                      '((display-buffer-in-side-window)
                        (side . top) (inhibit-same-window . t)
                        (window-height . fit-window-to-buffer))))
    (message "Halley: may %s run?  M-x halley-approve"
             (plist-get (halley-approve--question-params question) :tool))))

(defun halley-approve--close ()
  "Take the question from the screen."
  (when-let* ((buffer (get-buffer "*halley-approve*")))
    (dolist (window (get-buffer-window-list buffer nil t))
      (ignore-errors (delete-window window)))
    (kill-buffer buffer)))

(defun halley-approve--ask (connection id params)
  "Ask with PARAMS the question ID of CONNECTION, after those that are open."
  (setq halley-approve--questions
        (append halley-approve--questions
                (list (make-halley-approve--question
                       :connection connection :id id :params params))))
  (unless (cdr halley-approve--questions) (halley-approve--show)))

(defun halley-approve--withdraw (connection request)
  "Take back what CONNECTION asked about REQUEST, or about any if that is nil."
  (let ((shown (car halley-approve--questions)))
    (setq halley-approve--questions
          (seq-remove (lambda (question)
                        (and (eq (halley-approve--question-connection question) connection)
                             (or (not request)
                                 (equal request (plist-get (halley-approve--question-params question)
                                                           :request)))))
                      halley-approve--questions))
    (when (and shown (not (eq shown (car halley-approve--questions))))
      (halley-approve--close)
      (halley-approve--show))))

;;;###autoload
(defun halley-approve (&optional word)
  "Go to the question whether a tool may run, or answer it with WORD.
WORD is \"yes\", \"always\" or \"no\".  What was typed before is no answer."
  (interactive)
  (let ((question (car halley-approve--questions)))
    (unless question (user-error "Nothing waits for your consent"))
    (if word
        (halley-approve--decide question word)
      (unless (get-buffer "*halley-approve*") (halley-approve--show))
      (pop-to-buffer "*halley-approve*")
      (discard-input))))

(defun halley-approve--decide (question word)
  "Answer QUESTION with WORD."
  (unless (member word (halley-approve--words question))
    (user-error "\"%s\" found, %s expected" word
                (string-join (halley-approve--words question) ", ")))
  (setq halley-approve--questions (delq question halley-approve--questions))
  (halley-approve--close)
  (halley-reply (halley-approve--question-connection question)
                (halley-approve--question-id question)
                `((decision . ,(cdr (assoc word halley-approve--decisions)))))
  (halley-approve--show))

(defun halley-approve-once ()
  "Let the tool run this time."
  (interactive)
  (halley-approve "yes"))

(defun halley-approve-always ()
  "Let the tool run always in this session."
  (interactive)
  (halley-approve "always"))

(defun halley-approve-deny ()
  "Do not let the tool run."
  (interactive)
  (halley-approve "no"))

(setf (alist-get "tools.approve" halley-request-functions nil nil #'equal) #'halley-approve--ask)
(add-hook 'halley-ended-functions #'halley-approve--withdraw)

(provide 'halley-approve)
;;; halley-approve.el ends here
