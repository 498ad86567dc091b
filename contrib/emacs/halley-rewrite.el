;;; halley-rewrite.el --- Replacements, previewed -*- lexical-binding: t; -*-

;;; Commentary:

;; The replacement streams into a preview beside the text.  When it is complete
;; the preview shows the difference, and only accepting it changes the text, in
;; one undo step.

;;; Code:

(require 'diff-mode)
(require 'halley-text)

(defface halley-pending '((t :inherit secondary-selection))
  "Text that is being rewritten."
  :group 'halley)

(defvar-local halley-rewrite--target nil
  "An overlay on the text that this preview may replace.")

(defvar-local halley-rewrite--old nil
  "The text as it was sent.")

(defvar-local halley-rewrite--new nil
  "The replacement, once it is complete.")

(defvar halley-rewrite-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'halley-rewrite-accept)
    (define-key map (kbd "C-c C-k") #'halley-rewrite-reject)
    (define-key map (kbd "a") #'halley-rewrite-accept)
    (define-key map (kbd "r") #'halley-rewrite-reject)
    (define-key map (kbd "q") #'halley-rewrite-reject)
    map)
  "Keymap of `halley-rewrite-mode'.")

(define-derived-mode halley-rewrite-mode diff-mode "Halley-Rewrite"
  "Major mode for the preview of a replacement.
\\<halley-rewrite-mode-map>\\[halley-rewrite-accept] makes it, \\[halley-rewrite-reject] drops it."
  (buffer-disable-undo)
  (setq buffer-read-only t)
  (add-hook 'kill-buffer-hook #'halley-rewrite--release nil t))

;;;###autoload
(defun halley-rewrite (prompt beg end)
  "Rewrite the region from BEG to END by PROMPT; return the preview's buffer."
  (interactive (progn
                 (unless (use-region-p) (user-error "Select the text to rewrite first"))
                 (list (halley-read-prompt "Rewrite: ") (region-beginning) (region-end))))
  (barf-if-buffer-read-only)
  (let* ((old (buffer-substring-no-properties beg end))
         (params (halley-create-params (halley-rewrite--request prompt beg end)))
         (connection (halley-connect))
         ;; What is written right before or behind it is none of it.
         (target (make-overlay beg end nil t nil))
         (preview (generate-new-buffer (format "*halley-rewrite: %s*" (buffer-name)))))
    (overlay-put target 'face 'halley-pending)
    (deactivate-mark)
    (with-current-buffer preview
      (halley-rewrite-mode)
      ;; What streams in is no diff yet.
      (font-lock-mode -1)
      (setq halley-rewrite--target target
            halley-rewrite--old old
            header-line-format "Rewriting…  C-c C-k: stop and leave the text as it is")
      (halley-answer-begin connection params #'halley-rewrite--finish))
    (pop-to-buffer preview)
    preview))

(defun halley-rewrite--request (prompt beg end)
  "The request to rewrite the text from BEG to END by PROMPT."
  (concat "Rewrite the text below. Your answer replaces it as it is: write the replacement alone, "
          "without introduction or explanation, and keep its indentation.\n\n"
          "How to rewrite it: " prompt "\n\n"
          (halley-about beg end "")))

(defun halley-rewrite--finish (answer trouble)
  "Show the difference to ANSWER, unless TROUBLE kept it from being complete."
  (if trouble
      (setq header-line-format
            (format "Nothing is changed: %s  C-c C-k: close" (string-replace "%" "%%" trouble)))
    (setq halley-rewrite--new
          (halley-rewrite--fitting (halley-answer-text answer) halley-rewrite--old)
          header-line-format "C-c C-c: accept  C-c C-k: reject")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert (halley-rewrite--diff halley-rewrite--old halley-rewrite--new))
      (font-lock-mode)
      (goto-char (point-min)))))

(defun halley-rewrite--fitting (text old)
  "TEXT out of a fence around all of it, with a line end only where OLD has one."
  (let* ((lines (split-string (string-trim text "[ \t\n]*\n" "[ \t\n]+") "\n"))
         (fence (and (cdr lines) (string-match "\\`[ \t]*\\(```+\\)[^`]*\\'" (car lines))
                     (match-string 1 (car lines))))
         (is-fenced (and fence (equal (string-trim (car (last lines))) fence)
                         (= 2 (seq-count (lambda (line) (string-search fence line)) lines)))))
    (concat (if is-fenced
                (string-join (butlast (cdr lines)) "\n")
              (string-trim-right text "\n+"))
            (and (string-suffix-p "\n" old) "\n"))))

(defun halley-rewrite--diff (old new)
  "The difference between OLD and NEW, by diff(1) if that is there."
  (cond ((string= old new) "No difference.\n")
        ((executable-find "diff") (halley-rewrite--unified-diff old new))
        (t (concat "--- before\n+++ after\n"
                   (replace-regexp-in-string "^\\(.\\|\n\\)" "-\\1" old)
                   (if (string-suffix-p "\n" old) "" "\n")
                   (replace-regexp-in-string "^\\(.\\|\n\\)" "+\\1" new)))))

(defun halley-rewrite--unified-diff (old new)
  "The output of diff(1) for OLD and NEW."
  (let ((default-directory temporary-file-directory)
        (coding-system-for-read 'utf-8-unix)
        (coding-system-for-write 'utf-8-unix)
        (file (make-temp-file "halley-rewrite-" nil nil old)))
    (unwind-protect
        (with-temp-buffer
          (insert new)
          (call-process-region nil nil "diff" t t nil "-u" "--label" "before" "--label" "after"
                               file "-")
          (buffer-string))
      (delete-file file))))

(defun halley-rewrite-accept ()
  "Replace the text by the one in this preview."
  (interactive)
  (unless halley-rewrite--new
    (user-error "The replacement is not complete"))
  (let* ((preview (current-buffer))
         (new halley-rewrite--new)
         (target halley-rewrite--target)
         (beg (overlay-start target)))
    (unless beg (user-error "The text is not there any more"))
    (with-current-buffer (overlay-buffer target)
      (save-restriction
        (widen)
        (unless (string= (buffer-substring-no-properties beg (overlay-end target))
                         (buffer-local-value 'halley-rewrite--old preview))
          (user-error "The text has been edited since; it is left as it is"))
        (undo-boundary)
        (atomic-change-group
          (save-excursion
            (goto-char beg)
            (delete-region beg (overlay-end target))
            (insert new)))
        (undo-boundary)))
    (halley-rewrite--close preview)))

(defun halley-rewrite-reject ()
  "Leave the text as it is, and stop the answer if it is still running."
  (interactive)
  (halley-rewrite--close (current-buffer)))

(defun halley-rewrite--close (preview)
  "Close PREVIEW and its window, if that was made for it."
  (if-let* ((window (get-buffer-window preview t)))
      (quit-window t window)
    (kill-buffer preview)))

(defun halley-rewrite--release ()
  "Take the mark from the text of this preview."
  (when halley-rewrite--target (delete-overlay halley-rewrite--target)))

(provide 'halley-rewrite)
;;; halley-rewrite.el ends here
