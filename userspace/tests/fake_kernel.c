// SPDX-License-Identifier: GPL-2.0-only
/* A fake kernel for tests. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "mem.h"
#include "nl/nl.h"

/* Protects the shares while a test has threads. */
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
struct kernel *fake_opened;

static void fake_note(struct kernel *k, const char *format, ...)
	__printf(2, 3);

static void fake_note(struct kernel *k, const char *format, ...)
{
	size_t len = strlen(k->log);
	va_list args;

	if (len)
		k->log[len++] = ' ';
	va_start(args, format);
	vsnprintf(k->log + len, sizeof(k->log) - len, format, args);
	va_end(args);
}

const char *fake_log(struct kernel *k)
{
	static char last[sizeof(k->log)];

	snprintf(last, sizeof(last), "%s", k->log);
	k->log[0] = '\0';
	return last;
}

void fake_load(struct kernel *k, u64 started, const char *protocol)
{
	memset(k, 0, sizeof(*k));
	k->server.has[SETTING_threads] = true;
	k->server.has[SETTING_udp] = true;
	k->server.started = started;
	if (protocol)
		snprintf(k->server.protocol[k->server.nprotocols++], LISTENER_PROTOCOL_MAX, "%s",
			 protocol);
	k->next_id = 1;
}

void fake_unload(struct kernel *k)
{
	kernel_shares_free(&k->shares);
	kernel_listeners_free(&k->listeners);
	k->gone = true;
}

static int fake_fail(struct kernel *k, int error)
{
	why_not(&k->why, "%s", strerror(error));
	return -error;
}

struct share_path fake_place;
const char *fake_stuck;
struct share_path_file fake_file;
struct share_path_space fake_space;
int fake_file_rc = -ENOENT;
const char *fake_unlisted;
unsigned int fake_listed;

void share_path_begin(const char *path)
{
	(void)path;
}

int share_path_wait(const char *path, u64 until, struct share_path *place)
{
	(void)until;
	*place = fake_place;
	return fake_stuck && !strcmp(path, fake_stuck) ? -ETIMEDOUT : 0;
}

void share_path_end(void)
{
}

void share_path_guard_begin(const char *path)
{
	(void)path;
	fake_listed++;
}

int share_path_guard_wait(const char *path, u64 until, struct why *why)
{
	(void)path;
	(void)until;
	snprintf(why->text, sizeof(why->text), "%s", fake_unlisted ? fake_unlisted : "");
	return 0;
}

void share_path_guard_end(void)
{
}

void share_path_file_begin(const char *path)
{
	(void)path;
}

int share_path_file_wait(const char *path, u64 until, struct share_path_file *file)
{
	(void)path;
	(void)until;
	*file = fake_file;
	return fake_file_rc;
}

void share_path_space_begin(const char *path)
{
	(void)path;
}

int share_path_space_wait(const char *path, u64 until, struct share_path_space *space)
{
	(void)until;
	if (fake_stuck && !strcmp(path, fake_stuck))
		return -ETIMEDOUT;
	*space = fake_space;
	return 0;
}

void share_path_space_end(void)
{
}

void share_path_file_end(void)
{
}

const char *kernel_warning(const struct kernel *k)
{
	(void)k;
	return "";
}

const char *kernel_why(const struct kernel *k)
{
	return k->why.text;
}

int kernel_server_get(struct kernel *k, struct kernel_server *server)
{
	*server = k->server;
	return k->gone ? fake_fail(k, CONN_NOT_LOADED) : 0;
}

int kernel_server_set(struct kernel *k, const struct kernel_server *server)
{
	unsigned int i;

	if (k->dry)
		return 0;
	for (i = 0; k->fail_setting && i < SETTINGS; i++)
		if (server->has[i] && !strcmp(settings[i].name, k->fail_setting))
			return fake_fail(k, ENOMEM);
	for (i = 0; i < SETTINGS; i++) {
		if (!server->has[i])
			continue;
		k->server.value[i] = server->value[i];
		fake_note(k, "%s=%u", settings[i].name, server->value[i]);
	}
	return 0;
}

int kernel_set_handle_key(struct kernel *k, const u8 key[16])
{
	if (k->dry)
		return 0;
	if (k->has_key && k->shares.n && memcmp(k->key, key, 16))
		return fake_fail(k, EBUSY);
	memcpy(k->key, key, 16);
	k->has_key = true;
	fake_note(k, "key");
	return 0;
}

/* Copy through a message, as the real kernel does. */
static struct share *copy_share(const struct share *s)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_SHARE_NEW);
	struct share *copy;

	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	copy = share_from_msg(msg);
	nlmsg_free(msg);
	/* The kernel alone tells these. */
	copy->device = s->device;
	copy->inode = s->inode;
	copy->no_handles = s->no_handles;
	return copy;
}

/* The kernel tells all options that it knows. */
static struct share *fake_tell(const struct kernel *k, const struct share *s)
{
	struct share *copy = copy_share(s);

	copy->given.options |= SHARE_OPTION_BITS & ~k->unknown;
	return copy;
}

int kernel_shares_get(struct kernel *k, struct kernel_shares *out)
{
	unsigned int i;

	memset(out, 0, sizeof(*out));
	if (k->gone)
		return fake_fail(k, CONN_NOT_LOADED);
	out->share = mem_new((k->shares.n + 1) * sizeof(*out->share));
	for (i = 0; i < k->shares.n; i++)
		out->share[out->n++] = fake_tell(k, k->shares.share[i]);
	return 0;
}

void kernel_shares_free(struct kernel_shares *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		share_free(s->share[i]);
	free(s->share);
	memset(s, 0, sizeof(*s));
}

static void fake_wait(int gate)
{
	char byte = 0;

	if (gate && (write(gate, &byte, 1) != 1 || read(gate, &byte, 1) != 1))
		abort();
}

static struct share **fake_find(struct kernel *k, const char *name)
{
	unsigned int i;

	for (i = 0; i < k->shares.n; i++)
		if (!strcmp(k->shares.share[i]->name, name))
			return &k->shares.share[i];
	return NULL;
}

struct share *kernel_share_get(struct kernel *k, const char *name)
{
	struct share **s, *copy;

	pthread_mutex_lock(&fake_lock);
	s = fake_find(k, name);
	copy = s ? fake_tell(k, *s) : NULL;
	pthread_mutex_unlock(&fake_lock);
	return copy;
}

int kernel_share_add(struct kernel *k, const struct share *s)
{
	struct share *copy;

	if (k->dry)
		return 0;
	if (k->gone)
		return fake_fail(k, CONN_NOT_LOADED);
	if (fake_find(k, s->name))
		return fake_fail(k, EEXIST);
	if (k->fail_share && !strcmp(k->fail_share, s->name))
		return fake_fail(k, ENOENT);
	copy = copy_share(s);
	/* Without an id, one is derived from the path. */
	if (!(copy->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)))
		snprintf((char *)copy->id, sizeof(copy->id), "%s", copy->path);
	copy->given.attrs |= SHARE_BIT(DITTO_A_SHARE_ID);
	copy->trash = copy->trash && !k->no_bins;
	copy->device = k->root.device;
	copy->inode = k->root.inode;
	k->shares.share = mem_grow(k->shares.share, k->shares.n, sizeof(*k->shares.share));
	k->shares.share[k->shares.n++] = copy;
	fake_note(k, "+share:%s", s->name);
	fake_wait(k->gate);
	return 0;
}

int kernel_share_set(struct kernel *k, const struct share *s)
{
	struct share **old = fake_find(k, s->name);
	struct share *changed;

	if (k->dry)
		return 0;
	if (!old)
		return fake_fail(k, ENOENT);
	if (s->given.options & SHARE_OPTION_BIT(SHARE_OPTION_trash) && s->trash && k->no_bins)
		return fake_fail(k, EOPNOTSUPP);
	/* Sufficient: dittod sends the differences, and all else is equal. */
	changed = copy_share(s);
	free(changed->path);
	changed->path = mem_string((*old)->path);
	if (!(s->given.attrs & SHARE_BIT(DITTO_A_SHARE_PROTOCOLS)) && (*old)->protocols)
		changed->protocols = mem_string((*old)->protocols);
	changed->device = (*old)->device;
	changed->inode = (*old)->inode;
	memcpy(changed->id, (*old)->id, 16);
	changed->given.attrs |= (*old)->given.attrs;
	changed->given.options |= (*old)->given.options;
	changed->read_only = s->read_only;
	share_free(*old);
	*old = changed;
	fake_note(k, "share:%s:%llx", s->name,
		  (unsigned long long)(s->given.attrs | s->given.options << 40));
	return 0;
}

int kernel_share_del(struct kernel *k, const char *name)
{
	struct share **s;
	int gate = k->gate;

	if (k->dry)
		return 0;
	pthread_mutex_lock(&fake_lock);
	s = fake_find(k, name);
	if (s) {
		share_free(*s);
		*s = k->shares.share[--k->shares.n];
		fake_note(k, "-share:%s", name);
		if (k->stop)
			*k->stop = true;
	}
	pthread_mutex_unlock(&fake_lock);
	if (!s)
		return fake_fail(k, ENOENT);
	fake_wait(gate);
	return 0;
}

int kernel_listeners_get(struct kernel *k, struct kernel_listeners *out)
{
	memset(out, 0, sizeof(*out));
	if (k->gone)
		return fake_fail(k, CONN_NOT_LOADED);
	out->listener = mem_new((k->listeners.n + 1) * sizeof(*out->listener));
	if (k->listeners.n)
		memcpy(out->listener, k->listeners.listener,
		       k->listeners.n * sizeof(*out->listener));
	out->n = k->listeners.n;
	return 0;
}

void kernel_listeners_free(struct kernel_listeners *l)
{
	free(l->listener);
	memset(l, 0, sizeof(*l));
}

int kernel_listener_add(struct kernel *k, const struct listener *l, u32 *id)
{
	char text[LISTENER_TEXT_MAX];
	struct listener mine = *l;
	unsigned int i;

	*id = 0;
	if (k->dry)
		return 0;
	if (!mine.port)
		mine.port = 2049;
	for (i = 0; i < k->listeners.n; i++)
		if (k->listeners.listener[i].port == mine.port &&
		    listener_same_place(&k->listeners.listener[i], &mine))
			return fake_fail(k, EEXIST);
	mine.id = *id = k->next_id++;
	k->listeners.listener = mem_grow(k->listeners.listener, k->listeners.n,
					 sizeof(*k->listeners.listener));
	k->listeners.listener[k->listeners.n++] = mine;
	fake_note(k, "+listener:%s", listener_text(l, text));
	return 0;
}

int kernel_listener_del(struct kernel *k, u32 id)
{
	unsigned int i;

	if (k->dry)
		return 0;
	for (i = 0; i < k->listeners.n && k->listeners.listener[i].id != id; i++)
		;
	if (i == k->listeners.n)
		return fake_fail(k, ENOENT);
	k->listeners.listener[i] = k->listeners.listener[--k->listeners.n];
	fake_note(k, "-listener:%u", id);
	return 0;
}

int kernel_nested_add(struct kernel *k, const char *share, const char *path)
{
	fake_note(k, "+nested:%s:%s", share, path);
	return 0;
}

int kernel_nested_check(struct kernel *k)
{
	if (k->dry)
		return 0;
	fake_note(k, "nested?");
	return 0;
}

struct kernel *kernel_open_dry(void)
{
	return fake_opened;
}

bool kernel_is_dry(const struct kernel *k)
{
	return k->dry;
}

/* The TLS agent is linked, but does nothing. */
struct kernel *kernel_open(void)
{
	return fake_opened;
}

void kernel_close(struct kernel *k)
{
	(void)k;
}

int kernel_connection_prove(struct kernel *k, u64 cookie, const char *name)
{
	(void)cookie;
	(void)name;
	return fake_fail(k, ENOENT);
}
