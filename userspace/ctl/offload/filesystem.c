// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload filesystem, and what registers file systems. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "fault.h"
#include "mem.h"
#include "object/guarded.h"
#include "index/index.h"
#include "filesystem.h"
#include "lock.h"
#include "read.h"
#include "ctl/out.h"

bool filesystem_register(const struct filesystem *fs, const char *store, struct why *why)
{
	u8 bytes[FILESYSTEM_MAX];

	/* From the first released file on, it is guarded where this machine starts. */
	return guarded_add(fs, why) &&
	       offload_keep(store, "registration", bytes, filesystem_encode(fs, bytes), why);
}

int registrar_find(struct registrar *r, int fd, struct why *why)
{
	struct filesystem fs;
	struct stat st;
	size_t i;

	if (fstat(fd, &st)) {
		why_not(why, "%s", strerror(errno));
		return -1;
	}
	for (i = 0; i < r->n_fs; i++)
		if (r->device[i] == st.st_dev)
			return (int)i;
	/* It may have been mounted since the table was read. */
	mount_table_free(&r->table);
	if (!mount_table_read(&r->table, why) || !filesystem_find(&r->table, fd, &fs, why))
		return -1;
	r->fs = mem_grow(r->fs, r->n_fs, sizeof(*r->fs));
	r->device = mem_grow(r->device, r->n_fs, sizeof(*r->device));
	r->device[r->n_fs] = st.st_dev;
	r->fs[r->n_fs] = fs;
	return (int)r->n_fs++;
}

bool registrar_register(struct registrar *r, int number, const char *store, struct why *why)
{
	char *done = mem_print("%d %s", number, store);
	size_t i;

	for (i = 0; i < r->n_stores; i++)
		if (!strcmp(r->stores[i], done))
			break;
	if (i == r->n_stores && filesystem_register(&r->fs[number], store, why)) {
		fault_point("registered");
		r->stores = mem_grow(r->stores, r->n_stores, sizeof(*r->stores));
		r->stores[r->n_stores++] = mem_string(done);
	}
	free(done);
	return i < r->n_stores;
}

bool registrar_register_path(struct registrar *r, const char *path, const char *store,
			     struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), number;

	if (fd < 0)
		return why_not(why, "%s", strerror(errno));
	number = registrar_find(r, fd, why);
	close(fd);
	return number >= 0 && registrar_register(r, number, store, why);
}

void registrar_free(struct registrar *r)
{
	mount_table_free(&r->table);
	free(r->fs);
	free(r->device);
	while (r->n_stores)
		free(r->stores[--r->n_stores]);
	free(r->stores);
	memset(r, 0, sizeof(*r));
}

/**
 * struct loading - registrations that are being read
 * @ctl: this run of the tool
 * @all: filled
 */
struct loading {
	struct ctl *ctl;
	struct registrations *all;
};

static void loading_problem(void *arg, const char *subject, const char *text)
{
	struct loading *l = arg;

	offload_complain(l->ctl, isatty(STDERR_FILENO), subject, text);
	l->all->problems++;
}

static void loading_read(void *arg, const struct offload_result *r)
{
	struct loading *l = arg;
	struct registrations *all = l->all;
	struct registration *one;
	struct why why;
	size_t len = 0;
	u8 *bytes;

	/* A copy of the store that lacks it may be behind the list. */
	if (r->error) {
		loading_problem(l, r->path, r->text);
		return;
	}
	bytes = offload_file_read(r->file, &len);
	all->list = mem_grow(all->list, all->n, sizeof(*all->list));
	one = &all->list[all->n];
	snprintf(one->store, sizeof(one->store), "%s", r->store);
	snprintf(one->object, sizeof(one->object), "%s", r->path);
	if (!bytes)
		loading_problem(l, r->path, "the registration did not come");
	else if (!filesystem_decode(&one->fs, bytes, len, &why))
		loading_problem(l, r->path, why.text);
	else
		all->n++;
	free(bytes);
}

void registrations_load(struct ctl *ctl, struct registrations *all)
{
	struct loading l = { .ctl = ctl, .all = all };

	memset(all, 0, sizeof(*all));
	offload_orders_free(offload_read_below("filesystems/", loading_read, loading_problem, &l));
}

void registrations_free(struct registrations *all)
{
	free(all->list);
	memset(all, 0, sizeof(*all));
}

bool registrations_have(const struct registrations *all, const char *store,
			const u8 id[FILESYSTEM_ID_SIZE])
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->list[i].store, store) &&
		    (!id || !memcmp(all->list[i].fs.id, id, FILESYSTEM_ID_SIZE)))
			return true;
	return false;
}

static const struct column list_columns[] = {
	{ "FILE SYSTEM", false }, { "TYPE", false }, { "STORE", false }, { "MOUNTED", false },
	{ "LAST AT", false }, { NULL, false }
};

static void list_row(struct table *t, const struct registration *one, bool mounted)
{
	char uuid[TEXT_UUID_MAX];

	table_cell(t, "%s", text_from_uuid(one->fs.id, uuid));
	table_cell(t, "%s", one->fs.type);
	table_cell(t, "%s", one->store);
	table_cell(t, "%s", mounted ? "yes" : "no");
	table_cell(t, "%s", one->fs.path);
}

static void list_json(const struct registration *one, bool mounted)
{
	char uuid[TEXT_UUID_MAX];

	json_open(stdout, NULL, '{');
	json_string(stdout, "id", text_from_uuid(one->fs.id, uuid));
	json_string(stdout, "type", one->fs.type);
	json_string(stdout, "store", one->store);
	json_bool(stdout, "mounted", mounted);
	json_string(stdout, "path", one->fs.path);
	json_string(stdout, "object", one->object);
	json_close(stdout, '}');
}

static int filesystem_list(struct ctl *ctl, const struct mount_table *mounts)
{
	struct table *t;
	struct registrations all;
	bool mounted, good;
	size_t i;

	registrations_load(ctl, &all);
	t = list_begin(ctl->json, list_columns);
	for (i = 0; i < all.n; i++) {
		mounted = filesystem_may_be_mounted(mounts, &all.list[i].fs);
		if (ctl->json)
			list_json(&all.list[i], mounted);
		else
			list_row(t, &all.list[i], mounted);
	}
	list_end(t);
	good = !all.problems;
	registrations_free(&all);
	return good ? CTL_OK : CTL_REFUSED;
}

/**
 * struct forgetting - registrations that are being deleted
 * @ctl: this run of the tool
 * @failed: some were not
 */
struct forgetting {
	struct ctl *ctl;
	bool failed;
};

static void forget_done(void *arg, const struct offload_result *r)
{
	struct forgetting *f = arg;

	if (!r->error)
		return;
	offload_complain(f->ctl, false, r->path, r->text);
	f->failed = true;
}

/* The index must not miss it either. Returns false after a message. */
static bool forget_in_index(struct forgetting *f, const u8 id[FILESYSTEM_ID_SIZE], bool *known)
{
	struct index *x;
	struct why why;
	bool good;

	mkdir(INDEX_FOLDER, 0755);
	x = index_open(INDEX_PATH, false, &why);
	good = x;
	if (x) {
		*known = index_forget_filesystem(x, id);
		good = index_commit(x, &why);
		index_close(x);
	}
	if (!good)
		offload_complain(f->ctl, false, INDEX_PATH, why.text);
	return good;
}

/* Keep files of it from being released. Returns a lock, or -1 after a message. */
static int forget_lock(struct forgetting *f, const char *word, const struct filesystem *fs)
{
	struct mount_table mounts;
	struct why why;
	bool mounted;
	int lock = offload_lock_drain(&why);

	if (lock >= 0 && !mount_table_read(&mounts, &why)) {
		close(lock);
		lock = -1;
	}
	if (lock < 0) {
		offload_complain(f->ctl, false, word, why.text);
		return -1;
	}
	mounted = filesystem_may_be_mounted(&mounts, fs);
	mount_table_free(&mounts);
	if (!mounted)
		return lock;
	offload_complain(f->ctl, false, word,
			 "it is mounted, and its files may need their objects: unmount it first");
	close(lock);
	return -1;
}

static int filesystem_forget(struct ctl *ctl, const char *word)
{
	struct forgetting f = { .ctl = ctl };
	struct filesystem fs = { .type = "" };
	struct offload_orders *orders;
	struct registrations all;
	bool known = false;
	struct why why;
	size_t i, n = 0;
	int lock;

	if (!text_uuid(word, fs.id, &why))
		return ctl_usage(ctl, "%s", why.text);
	lock = forget_lock(&f, word, &fs);
	if (lock < 0)
		return CTL_REFUSED;
	/* Others that cannot be read do not matter: if it is among them, gc says so. */
	registrations_load(ctl, &all);
	orders = offload_orders_new(forget_done, &f);
	for (i = 0; i < all.n; i++) {
		if (memcmp(all.list[i].fs.id, fs.id, sizeof(fs.id)))
			continue;
		offload_orders_add(orders, OFFLOAD_CTL_DELETE, all.list[i].store,
				   all.list[i].object, 0);
		n++;
	}
	offload_orders_free(orders);
	registrations_free(&all);
	fault_point("forget-deleted");
	f.failed = f.failed || !forget_in_index(&f, fs.id, &known);
	fault_point("forget-index");
	if (!f.failed && !guarded_remove(fs.id, &known, &why)) {
		offload_complain(f.ctl, false, word, why.text);
		f.failed = true;
	}
	close(lock);
	if (f.failed)
		return CTL_REFUSED;
	if (n || known)
		return CTL_OK;
	offload_complain(ctl, false, word, "no store has files of such a file system");
	return CTL_REFUSED;
}

int offload_filesystem(struct ctl *ctl, char **words)
{
	struct mount_table mounts;
	int rc;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	if (!*words)
		return ctl_usage(ctl, "filesystem needs an action, such as list");
	if (!strcmp(*words, "forget")) {
		if (!words[1])
			return ctl_usage(ctl, "the UUID of a file system is needed");
		return ctl_no_more(ctl, words + 2) ? CTL_USAGE : filesystem_forget(ctl, words[1]);
	}
	if (strcmp(*words, "list"))
		return ctl_unknown(ctl, "action", *words, NULL);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	if (!mount_table_read(&mounts, &ctl->conn.why))
		return ctl_refused(ctl, NULL);
	rc = filesystem_list(ctl, &mounts);
	mount_table_free(&mounts);
	return rc;
}
