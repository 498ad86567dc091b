;;; halley-client.el --- The socket of Halley's daemon -*- lexical-binding: t; -*-

;;; Commentary:

;; One JSON object a line over a Unix socket: see halley-protocol(7).  A
;; connection belongs to whoever opened it, an answer or a chat, and a request
;; ends with it at the latest.

;;; Code:

(require 'seq)
(require 'subr-x)

(defgroup halley nil
  "Language models through the local daemon halleyd."
  :group 'tools
  :prefix "halley-")

(defcustom halley-socket nil
  "Path of the daemon's socket; nil looks where `halley' looks."
  :type '(choice (const :tag "The usual places" nil) file))

(defcustom halley-program "halley"
  "The command line client, which knows the profiles of the configuration."
  :type 'string)

(defcustom halley-model nil
  "The model to ask; nil leaves it to the profile or the daemon."
  :type '(choice (const :tag "The daemon's default" nil) string))

(defcustom halley-profile nil
  "The configured profile to ask with, or nil."
  :type '(choice (const :tag "None" nil) string))

(defcustom halley-params nil
  "Further members of every request, as an alist that `json-serialize' takes.
For example ((reasoning .  ((effort .  \"low\"))) (max_output_tokens
.  2000)).  They win over `halley-model' and `halley-profile'."
  :type '(alist :key-type symbol :value-type sexp))

(defvar halley-request-functions nil
  "What answers the daemon's own requests, by method.
Each is called with the connection, the request's id and its params.")

(defvar halley-ended-functions nil
  "Functions called with a connection and the id of its request that has ended.
Without an id all have.")

(define-error 'halley-error "Halley")
(define-error 'halley-no-daemon "Halley" 'halley-error)

;;;; Connections

(defun halley--socket-paths ()
  "The paths where the daemon may listen, in their order.
One that was named is the only one: a prompt goes to no other daemon."
  (let ((named (or halley-socket (getenv "HALLEY_SOCKET")))
        (runtime (getenv "XDG_RUNTIME_DIR")))
    (if named
        (list (expand-file-name named))
      (delete-dups
       (append (and runtime (file-name-absolute-p runtime)
                    (list (concat runtime "/halley/halley.sock")))
               (list (format "/run/user/%d/halley/halley.sock" (user-uid))
                     "/run/halley/halley.sock"))))))

(defun halley-connect ()
  "Connect to the daemon and return the connection, a process."
  (let ((paths (halley--socket-paths)) refusals connection)
    (while (and paths (not connection))
      (condition-case refusal
          (setq connection (halley--open (car paths)))
        (file-error (push (format "%s: %s" (pop paths) (nth 2 refusal)) refusals))))
    (unless connection
      (signal 'halley-no-daemon
              (list (concat "no daemon answers at " (string-join (nreverse refusals) ", nor at ")
                            "; start it with: systemctl --user start halley.socket"))))
    (halley-request connection "initialize"
                    `((client . ((name . "emacs") (version . ,emacs-version)))
                      (capabilities . ((approvals . t)))))
    connection))

(defun halley--open (path)
  "Open a connection to the socket at PATH."
  (let ((process (make-network-process
                  :name "halley" :family 'local :service path :coding 'binary :noquery t
                  :filter #'halley--receive :sentinel #'halley--watch-connection)))
    (process-put process 'halley-pending (make-hash-table))
    process))

(defun halley-disconnect (connection)
  "Close CONNECTION; its requests are cancelled and hear no more."
  (clrhash (process-get connection 'halley-pending))
  (delete-process connection)
  (run-hook-with-args 'halley-ended-functions connection nil))

(defun halley-connected-p (connection)
  "Whether CONNECTION is there and open."
  (and connection (process-live-p connection)))

(defun halley--watch-connection (connection change)
  "End the requests of a CONNECTION that was closed, CHANGE being why."
  (unless (process-live-p connection)
    (halley--end-all
     connection
     `(:message ,(format "the connection to halleyd was lost (%s)" (string-trim change))
       :data (:code "lost_connection")))))

(defun halley--end-all (connection failure)
  "End all requests of CONNECTION with FAILURE, an error object."
  (let* ((pending (process-get connection 'halley-pending))
         (requests (hash-table-values pending)))
    (clrhash pending)
    (run-hook-with-args 'halley-ended-functions connection nil)
    (dolist (request requests)
      (funcall (cdr request) nil failure))))

;;;; Requests

(defun halley-request (connection method params &optional on-event on-end)
  "Send a request for METHOD over CONNECTION and return its id.
PARAMS is an alist.  ON-EVENT is called with each event.  ON-END is called
once, with the result and nil or with nil and the error object.  All objects
are plists."
  (let ((id (1+ (or (process-get connection 'halley-id) 0))))
    (process-put connection 'halley-id id)
    (puthash id (cons (or on-event #'ignore) (or on-end #'ignore))
             (process-get connection 'halley-pending))
    (halley--send connection `((jsonrpc . "2.0") (id . ,id) (method . ,method) (params . ,params)))
    id))

(defun halley-cancel (connection id)
  "Cancel the request ID of CONNECTION; it is still answered."
  (when (halley-connected-p connection)
    (halley--send connection `((jsonrpc . "2.0") (method . "$/cancelRequest")
                               (params . ((id . ,id)))))))

(defun halley-call (method params)
  "Call METHOD with PARAMS and wait for its result.
Signal `halley-error' if it fails."
  (let ((connection (halley-connect)) outcome)
    (unwind-protect
        (progn
          (halley-request connection method params nil
                          (lambda (result failure) (setq outcome (cons result failure))))
          (while (not outcome) (accept-process-output connection 1))
          (when (cdr outcome)
            (signal 'halley-error (list (halley-failure-text (cdr outcome)))))
          (car outcome))
      (halley-disconnect connection))))

(defun halley-failure-text (failure)
  "The error object FAILURE in words for people."
  (let ((hint (plist-get (plist-get failure :data) :hint)))
    (concat (plist-get failure :message) (and hint (format " (%s)" hint)))))

(defun halley-failure-code (failure)
  "The stable name of the error object FAILURE."
  (plist-get (plist-get failure :data) :code))

(defun halley--send (connection message)
  "Send MESSAGE, an alist, over CONNECTION."
  (process-send-string connection (concat (json-serialize message) "\n")))

(defun halley-clean (text)
  "TEXT without properties, and with U+FFFD for characters that are not Unicode's."
  (replace-regexp-in-string
   (rx (or (any (#xd800 . #xdfff)) (any (#x110000 . #x3fff7f)) (any (#x3fff80 . #x3fffff))))
   "\ufffd" (substring-no-properties text) t t))

;;;; What arrives

(defun halley--receive (connection bytes)
  "Take BYTES from CONNECTION and handle the lines that they complete.
The pieces of an unfinished line are put together once, when its end is there."
  (let ((start 0) end)
    (while (setq end (string-search "\n" bytes start))
      (let ((line (halley--completed-line connection (substring bytes start end))))
        (with-demoted-errors "Halley: %S" (halley--handle connection line)))
      (setq start (1+ end)))
    (when (< start (length bytes))
      (process-put connection 'halley-pieces
                   (cons (substring bytes start) (process-get connection 'halley-pieces))))))

(defun halley--completed-line (connection piece)
  "The line of CONNECTION that ends with PIECE, in bytes."
  (let ((pieces (process-get connection 'halley-pieces)))
    (process-put connection 'halley-pieces nil)
    (apply #'concat (nreverse (cons piece pieces)))))

(defun halley--handle (connection line)
  "Hand LINE, a message in bytes, to the request of CONNECTION that it is for."
  (condition-case trouble
      (halley--route connection (halley--parse line))
    (json-parse-error
     (halley--end-all connection
                      `(:message ,(format "halleyd sent what is no JSON: %s"
                                          (error-message-string trouble))))
     (halley-disconnect connection))))

(defun halley--parse (line)
  "The JSON object in LINE, a string of bytes, as a plist."
  (json-parse-string (decode-coding-string line 'utf-8-unix)
                     :object-type 'plist :array-type 'list :null-object nil :false-object nil))

(defun halley--route (connection message)
  "Hand MESSAGE to the request of CONNECTION that it is for."
  (let* ((pending (process-get connection 'halley-pending))
         (params (plist-get message :params))
         (id (or (plist-get message :id) (plist-get params :id)))
         (request (gethash id pending))
         (failure (plist-get message :error)))
    (cond
     ((and failure (not id)) (halley--end-all connection failure))
     ((and (plist-get message :method) (plist-get message :id))
      (halley--serve connection message))
     ((not request))
     ((plist-get message :method) (funcall (car request) (plist-get params :event)))
     (t (remhash id pending)
        (run-hook-with-args 'halley-ended-functions connection id)
        (funcall (cdr request) (plist-get message :result) failure)))))

(defun halley--serve (connection message)
  "Answer MESSAGE, a request of the daemon over CONNECTION."
  (let* ((method (plist-get message :method))
         (id (plist-get message :id))
         (function (cdr (assoc method halley-request-functions))))
    (if function
        (funcall function connection id (plist-get message :params))
      (halley--send connection
                    `((jsonrpc . "2.0") (id . ,id)
                      (error . ((code . -32601)
                                (message . ,(concat method " is not known to this client")))))))))

(defun halley-reply (connection id result)
  "Answer the request ID, which came over CONNECTION, with RESULT, an alist."
  (when (halley-connected-p connection)
    (halley--send connection `((jsonrpc . "2.0") (id . ,id) (result . ,result)))))

;;;; What is asked, and what is answered

(defun halley-create-params (input &rest members)
  "The params of a create that asks INPUT and streams.
MEMBERS, an alist, win over all options."
  (let ((options (append (alist-get 'halley halley-params)
                         (and halley-profile `((profile . ,halley-profile))))))
    (append members
            `((input . ,(halley-clean input)) (stream . t))
            (and options `((halley . ,options)))
            (assq-delete-all 'halley (copy-sequence halley-params))
            (and halley-model `((model . ,halley-model))))))

(defun halley-item-text (item)
  "The text of ITEM, a message of a conversation or a response."
  (let ((content (plist-get item :content)))
    (if (stringp content)
        content
      (mapconcat (lambda (part)
                   (or (plist-get part :text) (plist-get part :refusal)
                       (format "[%s]" (plist-get part :type))))
                 content "\n\n"))))

(defun halley-response-text (response)
  "The text of RESPONSE's messages."
  (mapconcat #'halley-item-text
             (seq-filter (lambda (item) (equal (plist-get item :type) "message"))
                         (plist-get response :output))
             "\n\n"))

(defun halley-response-trouble (response)
  "Why RESPONSE is not complete, or nil."
  (pcase (plist-get response :status)
    ("completed" nil)
    ("cancelled" "stopped")
    ("incomplete"
     (format "incomplete: %s" (or (plist-get (plist-get response :incomplete_details) :reason)
                                  "no reason given")))
    ("failed"
     (format "the model failed: %s" (or (plist-get (plist-get response :error) :message)
                                        "no reason given")))
    (status (format "ended as %s" status))))

(provide 'halley-client)
;;; halley-client.el ends here
