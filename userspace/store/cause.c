// SPDX-License-Identifier: GPL-2.0-only
/* Causes of failed requests. */

#include <errno.h>
#include <string.h>

#include "cause.h"

/* Longest code and message of an error. */
#define CODE_SIZE	64
#define MESSAGE_SIZE	256

/* Error codes of S3, from "Error responses" of the Amazon S3 API reference. */
static const struct {
	const char *code;
	enum outcome outcome;
	int error;
	const char *text;
} codes[] = {
	{ "NoSuchKey", OUTCOME_MISSING, ENODATA, "there is no such object" },
	{ "NoSuchBucket", OUTCOME_REFUSED, ENOENT, "there is no such bucket" },
	{ "SignatureDoesNotMatch", OUTCOME_REFUSED, EACCES, "the secret key is wrong" },
	{ "InvalidAccessKeyId", OUTCOME_REFUSED, EACCES, "the access key is unknown" },
	{ "AccessDenied", OUTCOME_REFUSED, EACCES, "the credentials do not permit this" },
	{ "AllAccessDisabled", OUTCOME_REFUSED, EACCES, "access to the bucket is disabled" },
	{ "AccountProblem", OUTCOME_REFUSED, EACCES, "the account has a problem" },
	{ "ExpiredToken", OUTCOME_REFUSED, EACCES, "the session token has expired" },
	{ "InvalidToken", OUTCOME_REFUSED, EACCES, "the session token is invalid" },
	{ "PermanentRedirect", OUTCOME_REFUSED, EINVAL, "the endpoint or the region is wrong" },
	{ "TemporaryRedirect", OUTCOME_REFUSED, EINVAL, "the endpoint or the region is wrong" },
	{ "AuthorizationHeaderMalformed", OUTCOME_REFUSED, EINVAL, "the region is wrong" },
	{ "IllegalLocationConstraintException", OUTCOME_REFUSED, EINVAL, "the region is wrong" },
	{ "InvalidBucketName", OUTCOME_REFUSED, EINVAL, "the name of the bucket is invalid" },
	{ "InvalidObjectState", OUTCOME_REFUSED, EBUSY,
	  "the object is archived: it must be restored in the store first" },
	{ "InvalidRange", OUTCOME_REFUSED, EIO, "the object is shorter than it was" },
	{ "QuotaExceeded", OUTCOME_REFUSED, EDQUOT, "the quota of the bucket is used up" },
	{ "EntityTooLarge", OUTCOME_REFUSED, EFBIG, "the object is too large" },
	{ "XAmzContentSHA256Mismatch", OUTCOME_DAMAGED, EIO, "bytes were changed on the way" },
	{ "BadDigest", OUTCOME_DAMAGED, EIO, "bytes were changed on the way" },
	{ "IncompleteBody", OUTCOME_DAMAGED, EIO, "bytes were lost on the way" },
	{ "RequestTimeout", OUTCOME_BUSY, ETIMEDOUT, "the store waited too long for data" },
	{ "OperationAborted", OUTCOME_BUSY, EAGAIN, "the store is busy with the object" },
	{ "ConditionalRequestConflict", OUTCOME_BUSY, EAGAIN, "the store is busy with the object" },
	{ "SlowDown", OUTCOME_BUSY, EAGAIN, "the store asks for fewer requests" },
};

/* Answers without a known code. */
static const struct {
	long status;
	enum outcome outcome;
	int error;
	const char *text;
} statuses[] = {
	{ 401, OUTCOME_REFUSED, EACCES, "the credentials are wrong" },
	{ 403, OUTCOME_REFUSED, EACCES, "access denied" },
	{ 404, OUTCOME_MISSING, ENODATA, "there is no such object" },
	{ 407, OUTCOME_REFUSED, EACCES, "the proxy wants a login" },
	{ 408, OUTCOME_BUSY, ETIMEDOUT, "the store waited too long for data" },
	{ 412, OUTCOME_REFUSED, EEXIST, "there is such an object" },
	{ 413, OUTCOME_REFUSED, EFBIG, "the object is too large" },
	{ 417, OUTCOME_BUSY, EAGAIN, "something on the way takes no uploads with \"Expect\"" },
	{ 429, OUTCOME_BUSY, EAGAIN, "the store asks for fewer requests" },
	{ 501, OUTCOME_REFUSED, EOPNOTSUPP, "the store cannot do this" },
	{ 507, OUTCOME_REFUSED, ENOSPC, "the store is full" },
};

/* libcurl's errors that another attempt does not change. */
static const struct {
	int code;
	int error;
	const char *text;
} failures[] = {
	{ CURLE_PEER_FAILED_VERIFICATION, EPROTO, "TLS: the store is not trusted" },
	{ CURLE_SSL_CACERT_BADFILE, EPROTO, "TLS: the certificates to trust cannot be read" },
	{ CURLE_SSL_ENGINE_INITFAILED, EPROTO, "TLS is not available" },
	{ CURLE_UNSUPPORTED_PROTOCOL, EINVAL, "the endpoint is not one of HTTP" },
	{ CURLE_URL_MALFORMAT, EINVAL, "the endpoint is invalid" },
	{ CURLE_OUT_OF_MEMORY, ENOMEM, "out of memory" },
};

/* Copy the text of the first element with this name; it is "" if there is none. */
static void cause_element(const char *xml, const char *name, char *text, size_t size)
{
	char open[CODE_SIZE];
	const char *p;
	size_t len;

	text[0] = '\0';
	snprintf(open, sizeof(open), "<%s>", name);
	p = strstr(xml, open);
	if (!p)
		return;
	p += strlen(open);
	len = strcspn(p, "<");
	if (len >= size)
		len = size - 1;
	memcpy(text, p, len);
	text[len] = '\0';
	text_make_printable(text);
}

/* The store gave a status, which is not one of success. */
static enum outcome cause_of_status(const struct answer *a, int *error, struct why *why)
{
	enum outcome outcome = a->status >= 500 ? OUTCOME_BUSY : OUTCOME_REFUSED;
	char code[CODE_SIZE], message[MESSAGE_SIZE];
	const char *text = outcome == OUTCOME_BUSY ? "the store has a problem" : "refused";
	size_t i;

	cause_element(a->body, "Code", code, sizeof(code));
	cause_element(a->body, "Message", message, sizeof(message));
	if (!strcmp(code, "RequestTimeTooSkewed")) {
		*error = EACCES;
		why_not(why, "clock skew: the clock of this machine is %lld s %s that of the store",
			a->ahead < 0 ? -a->ahead : a->ahead, a->ahead < 0 ? "behind" : "ahead of");
		return OUTCOME_REFUSED;
	}
	*error = EIO;
	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == a->status) {
			outcome = statuses[i].outcome;
			*error = statuses[i].error;
			text = statuses[i].text;
		}
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(code, codes[i].code)) {
			outcome = codes[i].outcome;
			*error = codes[i].error;
			text = codes[i].text;
		}
	if (a->status >= 300 && a->status < 400 && !code[0])
		text = "the endpoint or the region is wrong";
	why_not(why, "%s (%ld%s%s%s%s%s%s)", text, a->status, code[0] ? " " : "", code,
		message[0] ? ": " : "", message, a->region[0] ? "; region " : "", a->region);
	return outcome;
}

enum outcome cause_find(const struct answer *a, int *error, struct why *why)
{
	size_t i;

	/* A store may refuse a request before it has read all of it. */
	if (a->status >= 300)
		return cause_of_status(a, error, why);
	if (a->code == CURLE_OK && a->status >= 200)
		return OUTCOME_GOOD;
	for (i = 0; i < ARRAY_SIZE(failures); i++)
		if (a->code == failures[i].code) {
			*error = failures[i].error;
			why_not(why, "%s: %s", failures[i].text, a->error);
			return OUTCOME_REFUSED;
		}
	if (a->code == CURLE_PARTIAL_FILE || a->code == CURLE_WRITE_ERROR) {
		*error = EIO;
		why_not(why, "wrong bytes: the answer is %s",
			a->code == CURLE_WRITE_ERROR ? "too long" : "truncated");
		return OUTCOME_DAMAGED;
	}
	*error = a->code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : EHOSTUNREACH;
	why_not(why, "no answer: %s", a->error[0] ? a->error : curl_easy_strerror(a->code));
	return OUTCOME_BUSY;
}
