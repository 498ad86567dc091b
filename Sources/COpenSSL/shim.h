#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

// What OpenSSL has as macros or callbacks with out parameters, as functions that Swift can call.

/// Allows TLS 1.2 and later only, and retries a read that only took in a record of the protocol.
static inline int halley_ssl_restrict(SSL_CTX *context) {
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

/// Agrees on http/1.1 where the peer offers it (RFC 7301), and on nothing where it does not.
static inline int halley_ssl_agree_http11(SSL *ssl, const unsigned char **chosen,
                                          unsigned char *length, const unsigned char *offered,
                                          unsigned int offered_length, void *unused) {
  static const unsigned char http11[] = "http/1.1";
  (void)ssl;
  (void)unused;
  for (unsigned int at = 0; at < offered_length; at += offered[at] + 1u) {
    if (offered[at] == sizeof http11 - 1 && at + offered[at] < offered_length
        && memcmp(offered + at + 1, http11, sizeof http11 - 1) == 0) {
      *chosen = offered + at + 1;
      *length = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

static inline void halley_ssl_offer_http11(SSL_CTX *context) {
  SSL_CTX_set_alpn_select_cb(context, halley_ssl_agree_http11, 0);
}
