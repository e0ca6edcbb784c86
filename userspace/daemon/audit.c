// SPDX-License-Identifier: GPL-2.0-only
/* The audit log, see audit.h. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "clock.h"
#include "ditto-nl-gen.h"
#include "identity/identity.h"
#include "log.h"
#include "mem.h"
#include "nl/nl.h"
#include "text.h"
#include "upcall.h"

/* Milliseconds that a record waits for the name of its user. */
#define NAME_TIME	500
/* Most of these look-ups that may be pending. */
#define NAMES_MOST	4
/* Bit of the right to see and set audit entries. */
#define SECURITY_BIT	24
/* Milliseconds without names after a source did not answer: records must not wait for each. */
#define NAMELESS_TIME	10000
/* Milliseconds between two messages that the file cannot be written. */
#define COMPLAIN_TIME	60000

/**
 * struct audit_job - a record that is being written
 * @job: job of the pool
 * @record: the record
 * @channel: connection on which the reply is sent
 * @id: number of the request, chosen by the kernel
 * @error: error of the reply, positive errno or 0
 */
struct audit_job {
	struct job job;
	struct audit_record record;
	struct conn *channel;
	u64 id;
	u32 error;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *file;

void audit_set_file(const char *path)
{
	pthread_mutex_lock(&lock);
	free(file);
	file = mem_string(path ? path : AUDIT_LOG);
	pthread_mutex_unlock(&lock);
}

static char *audit_string(const struct nlattr *nla)
{
	return mem_string(nla ? nla_get_string(nla) : "");
}

int audit_record_parse(struct audit_record *r, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	memset(r, 0, sizeof(*r));
	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_AUDIT_EVENT] ||
	    !tb[DITTO_A_UPCALL_UID] || !tb[DITTO_A_UPCALL_TIME])
		return -EBADMSG;
	r->event = nla_get_u32(tb[DITTO_A_UPCALL_AUDIT_EVENT]);
	r->granted = tb[DITTO_A_UPCALL_GRANTED] && nla_get_u8(tb[DITTO_A_UPCALL_GRANTED]);
	r->anonymous = tb[DITTO_A_UPCALL_ANONYMOUS] && nla_get_u8(tb[DITTO_A_UPCALL_ANONYMOUS]);
	r->uid = nla_get_u32(tb[DITTO_A_UPCALL_UID]);
	r->access = tb[DITTO_A_UPCALL_ACCESS] ? nla_get_u32(tb[DITTO_A_UPCALL_ACCESS]) : 0;
	r->time = nla_get_u64(tb[DITTO_A_UPCALL_TIME]);
	r->lost = tb[DITTO_A_UPCALL_LOST] ? nla_get_u64(tb[DITTO_A_UPCALL_LOST]) : 0;
	r->user = mem_string("");
	r->share = audit_string(tb[DITTO_A_UPCALL_SHARE]);
	r->path = audit_string(tb[DITTO_A_UPCALL_PATH]);
	r->client = audit_string(tb[DITTO_A_UPCALL_CLIENT]);
	r->protocol = audit_string(tb[DITTO_A_UPCALL_PROTOCOL]);
	return 0;
}

void audit_record_free(struct audit_record *r)
{
	free(r->user);
	free(r->share);
	free(r->path);
	free(r->client);
	free(r->protocol);
}

static void audit_put_text(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	text_put_json(out, text);
}

static void audit_put_time(FILE *out, u64 ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(out, "{\"time\":\"%s.%06uZ\"", text, (unsigned int)(ns % 1000000000 / 1000));
}

static void audit_put_access(FILE *out, u32 access)
{
	const char *comma = "";
	unsigned int bit;

	fputs(",\"access\":[", out);
	for (bit = 0; bit < 32; bit++) {
		if (!(access & 1u << bit))
			continue;
		fprintf(out, "%s\"%s\"", comma, bit == SECURITY_BIT ? "security" :
			spec_enum_name(&spec_acl_right, bit));
		comma = ",";
	}
	putc(']', out);
}

char *audit_record_text(const struct audit_record *r)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		mem_out();
	if (r->lost) {
		audit_put_time(out, r->time);
		fprintf(out, ",\"event\":\"lost\",\"count\":%llu}\n", (unsigned long long)r->lost);
	}
	audit_put_time(out, r->time);
	fprintf(out, ",\"event\":\"%s\",\"result\":\"%s\",\"uid\":%u",
		spec_enum_name(&spec_audit_kind, r->event), r->granted ? "granted" : "denied",
		r->uid);
	if (r->anonymous)
		fputs(",\"anonymous\":true", out);
	audit_put_text(out, "user", r->user);
	audit_put_text(out, "client", r->client);
	audit_put_text(out, "protocol", r->protocol);
	audit_put_text(out, "share", r->share);
	audit_put_text(out, "path", r->path);
	audit_put_access(out, r->access);
	fputs("}\n", out);
	if (fclose(out))
		mem_out();
	return text;
}

/* Tell that the file cannot be written, but not for each record. */
static void audit_complain(const char *path, int error)
{
	static u64 again;
	u64 now = clock_ms();

	if (now < again)
		return;
	again = now + COMPLAIN_TIME;
	log_error("the audit log %s cannot be written: %s", path, strerror(error));
}

/* Append lines with one write(2), so that they stay whole. Returns 0 or a positive errno. */
static int audit_write(const char *text)
{
	size_t len = strlen(text);
	int fd, error = 0;
	ssize_t done;

	pthread_mutex_lock(&lock);
	fd = open(file ? file : AUDIT_LOG,
		  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0) {
		error = errno;
	} else {
		done = write(fd, text, len);
		if (done != (ssize_t)len)
			error = done < 0 ? errno : ENOSPC;
		/* The next line would go on where a part of this one ends. */
		if (error && done > 0 && ftruncate(fd, lseek(fd, 0, SEEK_CUR) - done))
			error = errno;
		close(fd);
	}
	if (error)
		audit_complain(file ? file : AUDIT_LOG, error);
	pthread_mutex_unlock(&lock);
	return error;
}

/* Add the name of the user. Runs in the only thread of the pool. */
static void audit_add_name(struct audit_record *r)
{
	const struct identity_who who = { .user = IDENTITY_FOR_AUDIT, .most = NAMES_MOST,
					  .until = clock_ms() + NAME_TIME };
	static u64 again;
	struct identity user;
	int rc;

	if (r->anonymous || clock_ms() < again)
		return;
	rc = identity_by_id(&who, IDENTITY_USER, r->uid, &user);
	if (rc == -EAGAIN)
		again = clock_ms() + NAMELESS_TIME;
	if (rc)
		return;
	free(r->user);
	r->user = mem_string(user.name.name);
}

static void audit_run(struct job *job)
{
	struct audit_job *a = (struct audit_job *)job;
	char *text;

	audit_add_name(&a->record);
	text = audit_record_text(&a->record);
	a->error = (u32)audit_write(text);
	free(text);
}

static void audit_done(struct job *job)
{
	struct audit_job *a = (struct audit_job *)job;
	struct nl_msg *msg = upcall_answer(a->channel);

	if (msg) {
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, a->id);
		if (a->error)
			msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, a->error);
		upcall_send(a->channel, msg);
	}
	audit_record_free(&a->record);
	free(a);
}

void audit_take(struct conn *channel, const struct upcall_services *services, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct audit_job *a = mem_new(sizeof(*a));
	int rc;

	a->job.run = audit_run;
	a->job.done = audit_done;
	a->channel = channel;
	if (!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_ID])
		a->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	rc = audit_record_parse(&a->record, msg);
	if (!rc)
		rc = pool_submit(services->audit, &a->job);
	if (!rc)
		return;
	a->error = (u32)-rc;
	audit_done(&a->job);
}
