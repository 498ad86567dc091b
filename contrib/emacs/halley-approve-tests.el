;;; halley-approve-tests.el --- Tests of consent -*- lexical-binding: t; -*-

;;; Commentary:

;; A daemon that asks whether a tool may run, and does as it is told.

;;; Code:

(require 'halley-tests)

(defvar halley-tests--told nil
  "What the daemon was told: decisions by id, and the capabilities of the client.")

(defun halley-tests--serve (questions)
  "What a daemon does with lines that asks QUESTIONS, a list of params."
  (lambda (process bytes)
    (dolist (line (split-string bytes "\n" t))
      (let ((message (halley--parse line)))
        (pcase (plist-get message :method)
          ("initialize"
           (push (cons 'capabilities (plist-get (plist-get message :params) :capabilities))
                 halley-tests--told))
          ("responses.create"
           (seq-do-indexed
            (lambda (params index)
              (process-send-string
               process (concat (json-serialize
                                `((jsonrpc . "2.0") (id . ,(format "s:%d" (1+ index)))
                                  (method . "tools.approve")
                                  (params . ((request . ,(plist-get message :id)) ,@params))))
                               "\n")))
            questions))
          ('nil (push (cons (plist-get message :id)
                            (plist-get (plist-get message :result) :decision))
                      halley-tests--told)))))))

(defmacro halley-tests-asked (questions &rest body)
  "Evaluate BODY after an answer was asked for that asks QUESTIONS."
  (declare (indent 1))
  `(let* ((directory (make-temp-file "h" t))
          (halley-socket (expand-file-name "s" directory))
          (halley-tests--told nil)
          (server (make-network-process :name "fake" :server t :family 'local :noquery t
                                        :service halley-socket :coding 'binary
                                        :filter (halley-tests--serve ,questions))))
     (unwind-protect
         (halley-tests-with nil
           (halley-ask "q")
           (halley-tests-wait (get-buffer "*halley-approve*"))
           ,@body)
       (mapc #'halley-answer--abandon (copy-sequence halley--answers))
       (delete-process server)
       (delete-directory directory t))))

(defconst halley-tests-push '((tool . "git.push") (arguments . "{\"to\":\"origin\"}"))
  "A question.")

(defun halley-tests-decision (id)
  "What the question ID was answered with, or nil."
  (cdr (assoc id halley-tests--told)))

(ert-deftest halley-tests-approve ()
  "A tool runs when it is allowed, and not otherwise."
  (halley-tests-asked (list halley-tests-push halley-tests-push halley-tests-push)
    (should (plist-get (cdr (assq 'capabilities halley-tests--told)) :approvals))
    (should (halley-tests-shows-p "The model wants to run git.push:\n\n{\"to\":\"origin\"}"
                                  "*halley-approve*"))
    (should-error (halley-approve "maybe") :type 'user-error)
    (halley-approve "yes")
    (halley-approve "no")
    (halley-approve "always")
    (halley-tests-wait (halley-tests-decision "s:3"))
    (should (equal (mapcar #'halley-tests-decision '("s:1" "s:2" "s:3"))
                   '("allow" "deny" "allow_session")))
    (should-not (get-buffer "*halley-approve*"))
    (should-error (halley-approve) :type 'user-error)))

(ert-deftest halley-tests-approve-unselected ()
  "A question takes no key until one goes there, and then none that was typed before."
  (let ((selected (selected-window)) discarded)
    (halley-tests-asked (list halley-tests-push)
      (should (get-buffer-window "*halley-approve*"))
      (should (eq (selected-window) selected))
      (should-not (eq (window-buffer selected) (get-buffer "*halley-approve*")))
      (cl-letf (((symbol-function 'discard-input) (lambda () (setq discarded t))))
        (halley-approve))
      (should discarded)
      (should (eq (current-buffer) (get-buffer "*halley-approve*")))
      (should-not (halley-tests-decision "s:1"))
      (should-not (lookup-key halley-approve-mode-map (kbd "RET")))
      (call-interactively (lookup-key halley-approve-mode-map (kbd "a")))
      (halley-tests-wait (equal (halley-tests-decision "s:1") "allow_session")))))

(ert-deftest halley-tests-approve-definition ()
  "A definition that changed is asked about as that, and allowed once at most."
  (halley-tests-asked '(((tool . "git.push") (definition . t) (arguments . "{\"description\":1}")))
    (should (halley-tests-shows-p "The definition of the tool git.push is not the one"
                                  "*halley-approve*"))
    (should-error (halley-approve "always") :type 'user-error)
    (halley-approve "yes")
    (halley-tests-wait (equal (halley-tests-decision "s:1") "allow"))))

(ert-deftest halley-tests-approve-withdrawn ()
  "A question goes with the answer that asked it."
  (halley-tests-asked (list halley-tests-push halley-tests-push)
    (mapc #'halley-answer--abandon (copy-sequence halley--answers))
    (should-not (get-buffer "*halley-approve*"))
    (should-not halley-approve--questions)))

(provide 'halley-approve-tests)
;;; halley-approve-tests.el ends here
