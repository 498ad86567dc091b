;;; halley-tests.el --- Tests of Halley's commands -*- lexical-binding: t; -*-

;;; Commentary:

;; They want a daemon with the simulator as its first upstream, and in the
;; environment HALLEY_SOCKET and the paths of the programs, HALLEY and HALLEYD.
;; `halley-tests-run' prints TAP.

;;; Code:

(require 'checkdoc)
(require 'ert)
(require 'halley)
(require 'url)

(defconst halley-tests-directory
  (file-name-directory (or load-file-name buffer-file-name))
  "Where the client is.")

;;;; Waiting, and looking at the other side

(defmacro halley-tests-wait (condition)
  "Wait for CONDITION and return its value; fail after 30 seconds."
  `(halley-tests--wait (lambda () ,condition) ',condition))

(defun halley-tests--wait (condition form)
  "Wait for CONDITION, which FORM spells."
  (let ((deadline (+ (float-time) 30)) value)
    (while (not (setq value (funcall condition)))
      (when (> (float-time) deadline) (ert-fail (list "still waiting for" form)))
      (accept-process-output nil 0.01))
    value))

(defun halley-tests-text (&optional buffer)
  "The text of BUFFER, or of this one."
  (with-current-buffer (or buffer (current-buffer))
    (buffer-substring-no-properties (point-min) (point-max))))

(defun halley-tests-shows-p (text &optional buffer)
  "Whether TEXT stands in BUFFER, or in this one."
  (string-search text (halley-tests-text buffer)))

(defun halley-tests-simulator (page)
  "The JSON of PAGE of the upstream, a simulator."
  (let* ((status (halley-call "daemon.status" nil))
         (base (plist-get (car (plist-get status :upstreams)) :base_url))
         (url-show-status nil)
         (url (replace-regexp-in-string "/v1\\'" (concat "/_simulator/" page) base)))
    (with-current-buffer (url-retrieve-synchronously url t)
      (goto-char (point-min))
      (search-forward "\n\n")
      (prog1 (halley--parse (buffer-substring (point) (point-max)))
        (kill-buffer)))))

(defun halley-tests-cancelled ()
  "How many streams the upstream has seen cancelled."
  (plist-get (halley-tests-simulator "stats") :cancelled_streams))

(defun halley-tests-last-body ()
  "The body of the last create that the upstream was sent."
  (let ((request (car (last (seq-filter
                             (lambda (request) (equal (plist-get request :path) "/v1/responses"))
                             (plist-get (halley-tests-simulator "requests") :data))))))
    (halley--parse (encode-coding-string (plist-get request :body) 'utf-8))))

(defmacro halley-tests-with (metadata &rest body)
  "Evaluate BODY while the simulator takes its orders from METADATA, an alist."
  (declare (indent 1))
  `(let ((halley-params (list (cons 'metadata ,metadata) '(halley . ((cache . "off")))))
         (inhibit-message t))
     (unwind-protect (progn ,@body)
       (dolist (buffer (buffer-list))
         (when (string-prefix-p "*halley" (buffer-name buffer)) (kill-buffer buffer))))))

(defmacro halley-tests-in-text (text &rest body)
  "Evaluate BODY in a buffer with TEXT that is undone like a user's."
  (declare (indent 1))
  `(let ((buffer (generate-new-buffer "text")))
     (unwind-protect
         (with-current-buffer buffer
           (insert ,text)
           (undo-boundary)
           ,@body)
       (kill-buffer buffer))))

(defun halley-tests-undo (&optional again)
  "Undo like a user's command; AGAIN, like the one after another."
  (undo-boundary)
  (let ((last-command (and again 'undo))) (undo))
  (undo-boundary))

(defconst halley-tests-slow '((words . "60") (rate . "60"))
  "An answer that takes a second.")

(defconst halley-tests-endless '((endless . "deltas") (rate . "100"))
  "An answer that has no end.")

(defmacro halley-tests-with-daemon (daemon configuration &rest body)
  "Evaluate BODY with a daemon of its own, the process DAEMON.
CONFIGURATION, a string, follows the simulator's."
  (declare (indent 2))
  `(let* ((directory (make-temp-file "h" t))
          (,daemon nil))
     (halley-tests--configure directory ,configuration)
     (unwind-protect
         (let ((halley-socket (expand-file-name "s" directory)))
           (setq ,daemon (halley-tests-start-daemon directory))
           ,@body)
       (when ,daemon (delete-process ,daemon))
       (delete-directory directory t))))

(defun halley-tests--configure (directory configuration)
  "Write CONFIGURATION to DIRECTORY, with the simulator as its upstream."
  (let* ((status (halley-call "daemon.status" nil))
         (base (plist-get (car (plist-get status :upstreams)) :base_url))
         (file (expand-file-name "config.toml" directory)))
    (with-temp-file file
      (insert (format "default_upstream = \"sim\"\ndefault_model = \"gpt-5.4\"\n
[upstreams.sim]\nbase_url = \"%s\"\nmodels = [\"*\"]\n%s" base configuration)))
    (set-file-modes file #o600)))

(defun halley-tests-start-daemon (directory)
  "Start a daemon on DIRECTORY, wait for it, and return its process."
  (prog1 (make-process :name "halleyd" :noquery t :buffer (get-buffer-create " halleyd")
                       :command (list (getenv "HALLEYD")
                                      "--config" (expand-file-name "config.toml" directory)
                                      "--state" (expand-file-name "state" directory)
                                      "--socket" (expand-file-name "s" directory)))
    (halley-tests-wait (ignore-errors (halley-call "daemon.ping" nil) t))))

;;;; TAP

(defun halley-tests-run ()
  "Run everything, print TAP, and exit."
  (setq debug-on-error nil)
  (let* ((tests (ert-select-tests t t))
         (number 0) (failures 0))
    (princ (format "1..%d\n" (length tests)))
    (dolist (test tests)
      (let* ((result (ert-run-test test))
             (is-good (ert-test-result-expected-p test result)))
        (setq number (1+ number))
        (unless is-good (setq failures (1+ failures)))
        (princ (format "%s %d - emacs: %s\n" (if is-good "ok" "not ok") number
                       (string-trim-right (ert-test-documentation test) "\\.")))
        (when (and (not is-good) (ert-test-result-with-condition-p result))
          (princ (replace-regexp-in-string
                  "^" "# " (format "%S" (ert-test-result-with-condition-condition result))))
          (princ "\n"))))
    (kill-emacs (if (= failures 0) 0 1))))

;;;; The client

(defun halley-tests--copy (directory)
  "Copy the client to DIRECTORY and return the names of its files."
  (mapcar (lambda (file)
            (copy-file file directory)
            (expand-file-name (file-name-nondirectory file) directory))
          (directory-files halley-tests-directory t "\\`halley.*\\.el\\'")))

(ert-deftest halley-tests-byte-compile ()
  "All files compile without a warning."
  (let* ((directory (file-name-as-directory (make-temp-file "hc" t)))
         (load-path (cons directory load-path))
         (byte-compile-error-on-warn t)
         (inhibit-message t))
    (unwind-protect
        (dolist (file (halley-tests--copy directory))
          (should (eq t (byte-compile-file file))))
      (delete-directory directory t))))

(ert-deftest halley-tests-checkdoc ()
  "All files satisfy checkdoc."
  (let* ((found nil)
         (checkdoc-create-error-function
          (lambda (text start &rest _)
            (push (list (buffer-name) (and start (line-number-at-pos start)) text) found)
            nil)))
    (dolist (file (directory-files halley-tests-directory t "\\`halley.*\\.el\\'"))
      (with-current-buffer (find-file-noselect file)
        (checkdoc-current-buffer t)))
    (should-not found)))

(ert-deftest halley-tests-commands ()
  "Every command is one."
  (dolist (command '(halley-ask halley-send halley-rewrite halley-chat halley-stop halley-set-model
                                halley-set-profile))
    (should (commandp command))))

(ert-deftest halley-tests-paths ()
  "The socket is looked for where the protocol says."
  (let ((process-environment (append '("HALLEY_SOCKET=/a/b") process-environment)))
    (should (equal (halley--socket-paths) '("/a/b")))
    (let ((halley-socket "/c/d")) (should (equal (halley--socket-paths) '("/c/d")))))
  (let ((process-environment (append '("HALLEY_SOCKET" "XDG_RUNTIME_DIR=/x") process-environment)))
    (should (equal (halley--socket-paths)
                   (list "/x/halley/halley.sock"
                         (format "/run/user/%d/halley/halley.sock" (user-uid))
                         "/run/halley/halley.sock")))))

(ert-deftest halley-tests-no-daemon ()
  "Without a daemon a command says how to start it and changes nothing."
  (let ((halley-socket "/nonexistent/halley.sock"))
    (halley-tests-in-text "text"
      (let ((trouble (should-error (halley-send "x" 1 5) :type 'halley-no-daemon)))
        (should (equal (cadr trouble)
                       (concat "no daemon answers at /nonexistent/halley.sock: "
                               "No such file or directory; "
                               "start it with: systemctl --user start halley.socket"))))
      (should (equal (halley-tests-text) "text")))
    (should-error (halley-ask "x") :type 'halley-no-daemon)
    (should-not (and (get-buffer "*halley*") (halley-tests-shows-p "x" "*halley*")))
    (should-not halley--answers)))

(defun halley-tests--feed (bytes size)
  "Feed BYTES to a connection in pieces of SIZE and return the events that arrive."
  (let ((connection (make-pipe-process :name "fed" :noquery t)) events)
    (process-put connection 'halley-pending (make-hash-table))
    (puthash 1 (cons (lambda (event) (push event events)) #'ignore)
             (process-get connection 'halley-pending))
    (let ((start 0))
      (while (< start (length bytes))
        (halley--receive connection
                         (substring bytes start (min (+ start size) (length bytes))))
        (setq start (+ start size))))
    (delete-process connection)
    (nreverse events)))

(defun halley-tests--line (event)
  "The line of EVENT, in bytes."
  (concat (encode-coding-string
           (concat "{\"method\":\"responses.event\",\"params\":{\"id\":1,\"event\":" event "}}")
           'utf-8)
          "\n"))

(ert-deftest halley-tests-split-characters ()
  "A line is read right however its bytes are cut."
  (let ((line (halley-tests--line "{\"delta\":\"aé€😀\\n\\ud83d\\ude00\"}")))
    (dotimes (size (* 2 (length line)))
      (should (equal (halley-tests--feed (concat line line) (1+ size))
                     '((:delta "aé€😀\n😀") (:delta "aé€😀\n😀")))))))

(ert-deftest halley-tests-long-line ()
  "A line of megabytes is scanned once."
  (let ((line (halley-tests--line (format "{\"delta\":\"%s\"}" (make-string 20000000 ?x)))))
    (should (< (car (benchmark-run 1 (halley-tests--feed line 4096))) 10))))

(ert-deftest halley-tests-no-json ()
  "What is no JSON ends the requests with an error."
  (let ((connection (make-pipe-process :name "fed" :noquery t)) failure)
    (process-put connection 'halley-pending (make-hash-table))
    (puthash 1 (cons #'ignore (lambda (_ error) (setq failure error)))
             (process-get connection 'halley-pending))
    (halley--receive connection "{]\n")
    (should (string-search "no JSON" (halley-failure-text failure)))
    (should-not (process-live-p connection))))

(ert-deftest halley-tests-name ()
  "The daemon is told who the client is."
  (let* ((status (halley-call "daemon.status" nil))
         (clients (plist-get (plist-get status :clients) :list)))
    (should (member "emacs" (mapcar (lambda (client) (plist-get client :name)) clients)))))

(ert-deftest halley-tests-params ()
  "Model, instructions and further members are sent, and text that is not Unicode is mended."
  (halley-tests-with '((text . "fine"))
    (let ((halley-model "gpt-5.4-mini")
          (halley-params (cons '(max_output_tokens . 99) halley-params)))
      (halley-tests-in-text "a\x3fffffé"
        (halley-send "" (point-min) (point-max))
        (halley-tests-wait (not halley--answers)))
      (let ((body (halley-tests-last-body)))
        (should (equal (plist-get body :model) "gpt-5.4-mini"))
        (should (equal (plist-get body :max_output_tokens) 99))
        (should (equal (plist-get body :instructions) halley-send-instructions))
        (should (equal (plist-get body :input) "a\ufffdé"))))))

(ert-deftest halley-tests-models ()
  "Models are completed from the daemon, with their upstreams, and may be chosen for a buffer."
  (let ((table (halley--model-table)) (inhibit-message t))
    (should (member "gpt-5.4-mini" (all-completions "gpt-" table)))
    (should (string-search "sim" (funcall (completion-metadata-get
                                           (completion-metadata "" table nil) 'annotation-function)
                                          "gpt-5.4"))))
  (let ((inhibit-message t))
    (with-temp-buffer
      (halley-set-model "gpt-5.4-mini" t)
      (should (equal halley-model "gpt-5.4-mini")))
    (should-not halley-model)))

(ert-deftest halley-tests-profiles ()
  "Profiles are completed from the configuration, and asked with."
  (halley-tests-with-daemon daemon "[profiles.commit]\nmodel = \"gpt-5.4-mini\"
[profiles.in-words]\ninstructions = \"In words.\"\n"
    (let ((halley-program (getenv "HALLEY")))
      (should (equal (halley--profiles) '("commit" "in-words"))))
    (let ((halley-program "/nonexistent/halley"))
      (should (string-search "/nonexistent/halley"
                             (error-message-string (should-error (halley--profiles))))))
    (halley-tests-with '((text . "fine"))
      (let ((halley-profile "in-words"))
        (halley-ask "q")
        (halley-tests-wait (halley-tests-shows-p "fine" "*halley*"))
        (should (equal (plist-get (halley-tests-last-body) :instructions) "In words."))))))

(provide 'halley-tests)
;;; halley-tests.el ends here
