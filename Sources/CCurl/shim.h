#pragma once
#include <curl/curl.h>

/* Typed forms of libcurl's variadic functions, which Swift cannot call. */

static inline CURLcode halley_setopt_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode halley_setopt_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode halley_setopt_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode halley_setopt_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode halley_setopt_data_function(
    CURL *easy, CURLoption option, size_t (*function)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(easy, option, function);
}
static inline CURLcode halley_set_prereq_function(
    CURL *easy, int (*function)(void *, char *, char *, int, int)) {
  return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}
static inline CURLcode halley_set_tls_function(
    CURL *easy, curl_ssl_ctx_callback function, const void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, function);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, context);
  return code;
}
static inline CURLcode halley_set_socket_functions(
    CURL *easy, curl_opensocket_callback open, curl_closesocket_callback close, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context);
  return code;
}
static inline CURLcode halley_getinfo_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode halley_getinfo_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(easy, info, value);
}
static inline CURLMcode halley_multi_setopt_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode halley_multi_set_functions(
    CURLM *multi, curl_socket_callback on_socket, curl_multi_timer_callback on_timer,
    void *context) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  if (!code) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
  if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
  return code;
}
static inline CURLSHcode halley_share_lock_data(CURLSH *share, curl_lock_data data) {
  return curl_share_setopt(share, CURLSHOPT_SHARE, data);
}
/* The result of a finished transfer, which sits in a union. */
static inline CURLcode halley_message_result(const CURLMsg *message) {
  return message->data.result;
}
