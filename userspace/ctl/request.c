// SPDX-License-Identifier: GPL-2.0-only
/* Common steps of all commands: connect, send requests, print errors. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"
#include "text.h"

/* A client that was asked to give something back has most of a minute for it. */
#define BUSY_TRIES	200
#define BUSY_PAUSE_US	200000

/* Print one line about this command: a @kind of "error" or "warning" for programs. */
static void request_complain(const struct ctl *ctl, const char *kind, const char *text)
{
	/* The kernel's messages have names that clients chose. */
	char *line = text_printable(text), command[64];

	snprintf(command, sizeof(command), "%s%s%s", ctl->object ? ctl->object : "",
		 ctl->verb ? " " : "", ctl->verb ? ctl->verb : "");
	if (ctl->json) {
		/* Not by json_open(): the document of the output may have begun. */
		fputs("{\"command\":", stderr);
		text_put_json(stderr, command);
		fprintf(stderr, ",\"%s\":", kind);
		text_put_json(stderr, line);
		fputs("}\n", stderr);
	} else {
		fprintf(stderr, "dittoctl: %s%s%s\n", command, command[0] ? ": " : "", line);
	}
	free(line);
}

int ctl_failed(const struct ctl *ctl, const char *format, ...)
{
	char text[1200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	request_complain(ctl, "error", text);
	return CTL_REFUSED;
}

void ctl_warn(const struct ctl *ctl, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	request_complain(ctl, "warning", text);
}

int ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	request_complain(ctl, "error", text);
	if (ctl->object && !ctl->json)
		fprintf(stderr, "See: dittoctl help %s\n", ctl->object);
	return CTL_USAGE;
}

int ctl_unknown(const struct ctl *ctl, const char *kind, const char *word, const char *near)
{
	if (!near)
		return ctl_usage(ctl, "there is no %s '%s'", kind, word);
	return ctl_usage(ctl, "there is no %s '%s'; did you mean '%s'?", kind, word, near);
}

int ctl_refused(const struct ctl *ctl, const char *subject)
{
	/* The kernel's message may already contain the subject. */
	if (subject && strstr(ctl->conn.why.text, subject))
		subject = NULL;
	return ctl_failed(ctl, "%s%s%s", subject ? subject : "", subject ? ": " : "",
			  ctl->conn.why.text);
}

int ctl_no_more(const struct ctl *ctl, char **words)
{
	return *words ? ctl_usage(ctl, "'%s' is one word too many", *words) : CTL_OK;
}

int ctl_lasts(const struct ctl *ctl, int status)
{
	if (status == CTL_OK && !ctl->json && isatty(STDERR_FILENO))
		fputs("Lasts until the next start; to keep it: dittoctl config save\n", stderr);
	return status;
}

int ctl_connect(struct ctl *ctl)
{
	if (ctl->conn.family)
		return CTL_OK;
	if (conn_open(&ctl->conn) || conn_find_family(&ctl->conn)) {
		const struct ctl any = { .json = ctl->json };

		return ctl_failed(&any, "%s", ctl->conn.why.text);
	}
	return CTL_OK;
}

int ctl_ask(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	    const void *arg, struct nl_msg **reply)
{
	struct nl_msg *msg = conn_message(&ctl->conn, cmd);

	if (put)
		put(msg, arg);
	ctl->error = conn_call(&ctl->conn, msg, reply);
	return ctl->error;
}

int ctl_outcome(const struct ctl *ctl, const char *subject)
{
	if (ctl->error)
		return ctl_refused(ctl, subject);
	if (ctl->conn.warning.text[0])
		request_complain(ctl, "warning", ctl->conn.warning.text);
	return CTL_OK;
}

int ctl_do(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	   const void *arg, const char *subject, struct nl_msg **reply)
{
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	ctl_ask(ctl, cmd, put, arg, reply);
	return ctl_outcome(ctl, subject);
}

int ctl_do_retry(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		 const void *arg, const char *subject, struct nl_msg **reply)
{
	unsigned int tries = BUSY_TRIES;

	if (ctl_connect(ctl))
		return CTL_REFUSED;
	while (ctl_ask(ctl, cmd, put, arg, reply) == -EBUSY && --tries)
		usleep(BUSY_PAUSE_US);
	return ctl_outcome(ctl, subject);
}

int ctl_list(struct ctl *ctl, u8 cmd, struct replies *out)
{
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	return conn_dump(&ctl->conn, cmd, out) ? ctl_refused(ctl, NULL) : CTL_OK;
}

int ctl_list_some(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		  const void *arg, const char *subject, struct replies *out)
{
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	return conn_dump_some(&ctl->conn, cmd, put, arg, out) ? ctl_refused(ctl, subject) : CTL_OK;
}

int ctl_check_words(const struct ctl *ctl, char **words)
{
	for (; *words; words++)
		if ((*words)[0] == '-')
			return ctl_usage(ctl, "'%s' is not understood here", *words);
	return CTL_OK;
}

int ctl_print_matching(struct ctl *ctl, const struct listing *l,
		       void (*put)(struct nl_msg *msg, const void *arg), const void *arg,
		       const char *subject, char **words)
{
	struct replies r, kept = { 0 };
	struct table *t;
	unsigned int i;
	int status;

	if (ctl_check_words(ctl, words))
		return CTL_USAGE;
	if (put)
		status = ctl_list_some(ctl, l->cmd, put, arg, subject, &r);
	else
		status = ctl_list(ctl, l->cmd, &r);
	if (status)
		return status;
	kept.msg = mem_new((r.count + 1) * sizeof(*kept.msg));
	t = table_new(l->columns);
	for (i = 0; i < r.count; i++) {
		l->row(t, r.msg[i]);
		if (!*words || table_keep(t, words))
			kept.msg[kept.count++] = r.msg[i];
	}
	if (ctl->json) {
		table_free(t);
		status = ctl_json_list(ctl, &kept, l->cmd);
	} else {
		table_end(t, stdout);
	}
	free(kept.msg);
	replies_free(&r);
	return status;
}

int ctl_print(struct ctl *ctl, const struct listing *l,
	      void (*put)(struct nl_msg *msg, const void *arg), const void *arg,
	      const char *subject)
{
	return ctl_print_matching(ctl, l, put, arg, subject, (char *[]){ NULL });
}

int ctl_json_list(const struct ctl *ctl, const struct replies *r, u8 cmd)
{
	int status = CTL_OK;
	unsigned int i;

	json_open(stdout, NULL, '[');
	for (i = 0; i < r->count; i++)
		if (!json_message(stdout, r->msg[i], &spec_ops[cmd]))
			status = CTL_REFUSED;
	json_close(stdout, ']');
	json_end(stdout);
	if (status)
		request_complain(ctl, "error",
				 "this version does not understand the kernel's answer");
	return status;
}
