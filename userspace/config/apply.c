// SPDX-License-Identifier: GPL-2.0-only
/*
 * Applies the configuration file to the kernel.
 *
 * Order: unwanted listeners are removed first and new ones added last, so that no client asks for
 * a share that is not there yet. Shares are removed before others are added, because a new share
 * may take over the id of a removed one.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "apply_private.h"
#include "clock.h"
#include "config.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "homes.h"
#include "mem.h"
#include "mounts.h"
#include "nl/nl.h"
#include "share_path.h"
#include "nl/setting.h"
#include "state/state.h"
#include "identity/user_lookup.h"

/* Milliseconds in which all file systems and the name service must answer. */
#define PREPARE_TIME	5000

/**
 * struct wanted - a share of the file, prepared for the kernel
 * @share: the share as in the file, with users and groups resolved
 * @place: properties of its path
 * @bad: the share cannot be served as the file requests
 * @bin_only: nothing of it is touched but its bin
 */
struct wanted {
	struct share share;
	struct share_path place;
	bool bad;
	bool bin_only;
};

bool apply_goes_on(const struct work *w)
{
	return !w->result->gone && !__atomic_load_n(w->stopped, __ATOMIC_RELAXED);
}

bool apply_covers(const struct work *w, const char *what)
{
	return !w->retry || problems_about(&w->before->problems, what);
}

void apply_tried(struct work *w, const char *what)
{
	if (apply_goes_on(w))
		problems_drop(&w->left, what);
}

void applied_free(struct applied *result)
{
	problems_free(&result->changes);
	problems_free(&result->problems);
	memset(result, 0, sizeof(*result));
}

void apply_problem(struct work *w, const char *what, const char *why)
{
	problems_add(&w->result->problems, what, why);
	if (problems_have(&w->before->problems, what, why))
		return;
	w->result->news++;
	log_error("%s: %s", what, why);
}

void apply_failure(struct work *w, const char *what, const char *why)
{
	w->result->errors++;
	apply_problem(w, what, why);
}

static void apply_changed(struct work *w, const char *what, const char *done)
{
	problems_add(&w->result->changes, what, done);
	log_info("%s %s", what, done);
}

bool apply_outcome(struct work *w, int rc, const char *what, const char *done)
{
	struct why why;

	if (!rc) {
		apply_changed(w, what, done);
		if (kernel_warning(w->k)[0])
			log_warning("%s: %s", what, kernel_warning(w->k));
		return true;
	}
	if (rc == -CONN_NOT_LOADED) {
		w->result->gone = true;
		return false;
	}
	snprintf(why.text, sizeof(why.text), "not %s: %s", done, kernel_why(w->k));
	apply_failure(w, what, why.text);
	return false;
}

static bool give_key(struct work *w)
{
	u8 key[STATE_KEY_LEN];
	int rc;

	apply_tried(w, "key of file handles");
	if (state_key_given(w->st))
		return true;
	if (!state_handle_key(w->st, key)) {
		w->result->errors++;
		return true;
	}
	rc = kernel_set_handle_key(w->k, key);
	explicit_bzero(key, sizeof(key));
	/* An administrator has set another one by hand. */
	if (rc == -EBUSY) {
		apply_problem(w, "key of file handles",
			      "the server has another one, so clients lose their handles when it restarts: dittoctl stop, dittoctl start");
		return true;
	}
	if (apply_outcome(w, rc, "key of file handles", "given"))
		state_set_key_given(w->st);
	return apply_goes_on(w);
}

bool apply_has_protocol(const struct work *w, const char *name)
{
	unsigned int i;

	for (i = 0; i < w->server.nprotocols; i++)
		if (!strcmp(w->server.protocol[i], name))
			return true;
	return false;
}

/*
 * Get the target value of a setting: the file's, otherwise the value before we first changed it, or
 * the default of one that was set by hand and then saved.
 */
static bool wanted_setting(struct work *w, unsigned int id, u32 *value)
{
	u64 before;

	if (w->cfg->given[id]) {
		*value = w->cfg->setting[id];
		return true;
	}
	if (!state_setting(w->st, settings[id].name, &before))
		return false;
	*value = (u32)before;
	return true;
}

static void remember_setting(struct work *w, unsigned int id, bool changed)
{
	const char *name = settings[id].name;
	u64 before;

	if (!w->cfg->given[id])
		state_setting_drop(w->st, name);
	else if (w->server.has[id] && !state_setting(w->st, name, &before))
		state_setting_put(w->st, name, changed ? w->server.value[id] :
				  settings[id].initial);
}

/* Change one of several settings that the kernel has refused together. */
static int set_alone(struct work *w, unsigned int id, u32 value)
{
	struct kernel_server set = { 0 };
	int rc;

	set.has[id] = true;
	set.value[id] = value;
	rc = kernel_server_set(w->k, &set);
	if (!rc && kernel_warning(w->k)[0])
		log_warning("setting %s: %s", settings[id].name, kernel_warning(w->k));
	return rc;
}

static bool apply_settings(struct work *w)
{
	struct kernel_server set = { 0 };
	char now[SETTING_TEXT_MAX], before[SETTING_TEXT_MAX];
	unsigned int i, n = 0;
	char what[64];
	struct why why;
	int rc = 0, one;

	for (i = 0; i < SETTINGS; i++) {
		snprintf(what, sizeof(what), "setting %s", settings[i].name);
		if (!apply_covers(w, what))
			continue;
		/*
		 * A setting of a protocol that is not loaded is applied when it is: nothing uses
		 * it before.
		 */
		if (w->cfg->given[i] && !w->server.has[i] &&
		    (!strcmp(settings[i].owner, "core") ||
		     apply_has_protocol(w, settings[i].owner)))
			apply_problem(w, what,
				      "ditto.ko is older than dittod and does not know it");
		if (!w->server.has[i] || !wanted_setting(w, i, &set.value[i]))
			continue;
		set.has[i] = set.value[i] != w->server.value[i];
		n += set.has[i];
	}
	if (n)
		rc = kernel_server_set(w->k, &set);
	for (i = 0; i < SETTINGS; i++) {
		snprintf(what, sizeof(what), "setting %s", settings[i].name);
		if (!apply_covers(w, what))
			continue;
		one = rc;
		if (set.has[i] && rc && n > 1 && apply_goes_on(w))
			one = set_alone(w, i, set.value[i]);
		if (set.has[i] && one) {
			apply_outcome(w, one, what, "changed");
			apply_tried(w, what);
			continue;
		}
		remember_setting(w, i, set.has[i]);
		apply_tried(w, what);
		if (!set.has[i])
			continue;
		why_not(&why, "changed to %s from %s",
			setting_text(&settings[i], set.value[i], now),
			setting_text(&settings[i], w->server.value[i], before));
		apply_changed(w, what, why.text);
	}
	if (n && !rc && kernel_warning(w->k)[0])
		log_warning("settings: %s", kernel_warning(w->k));
	return apply_goes_on(w);
}

static const struct share *find_share(struct share *const *list, unsigned int n, const char *name)
{
	int place = share_place(list, n, name);

	return place < 0 || share_is_home(list[place]) ? NULL : list[place];
}

/* A share with another path or id must be removed and added again. */
static bool must_replace(const struct share *want, const struct share *have)
{
	if (!have->path || strcmp(want->path, have->path))
		return true;
	return (want->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)) &&
	       memcmp(want->id, have->id, sizeof(want->id));
}

static bool del_share(struct work *w, const char *name)
{
	char what[300];
	int rc;

	snprintf(what, sizeof(what), "share %s", name);
	rc = kernel_share_del(w->k, name);
	if (rc == -ENOENT)
		rc = 0;
	/* The share no longer exists for clients, although it still drains. */
	if (apply_outcome(w, rc, what, "removed") || rc == -ETIMEDOUT)
		state_share_drop(w->st, name);
	return apply_goes_on(w);
}

struct names {
	char **name;
	unsigned int n;
};

static void add_name(const char *name, void *arg)
{
	struct names *list = arg;

	list->name = mem_grow(list->name, list->n, sizeof(*list->name));
	list->name[list->n++] = mem_string(name);
}

/* A share that was removed from the file may return on another file system. */
static void forget_places(struct work *w)
{
	struct names known = { 0 };
	unsigned int i;

	state_shares_with_fs(w->st, add_name, &known);
	for (i = 0; i < known.n; i++) {
		if (!find_share(w->cfg->shares, w->cfg->nshares, known.name[i]))
			state_share_fs_forget(w->st, known.name[i]);
		free(known.name[i]);
	}
	free(known.name);
}

/*
 * In a message of its own, as the kernel refuses all of one if the share cannot have a bin. What
 * lasts is no error: to try again would only undo what was changed by hand.
 */
static void give_bin(struct work *w, const struct share *want, const char *what)
{
	struct share change = *want;
	struct why why;
	char bin[320];
	int rc;

	change.given = (struct share_bits){ .options = SHARE_OPTION_BIT(SHARE_OPTION_trash) };
	snprintf(bin, sizeof(bin), APPLY_BIN_OF "%s", what);
	rc = kernel_share_set(w->k, &change);
	if (!rc || rc == -CONN_NOT_LOADED || rc == -EROFS || rc == -ENOSPC || rc == -ENOMEM) {
		apply_outcome(w, rc, bin, "made");
		return;
	}
	why_not(&why, "not made: %s", kernel_why(w->k));
	apply_problem(w, bin, why.text);
}

/* @bin_only: of what differs, the bin alone is to be changed. */
static bool change_options(struct work *w, const struct share *want, const struct share *have,
			   bool bin_only)
{
	const u64 bin = SHARE_OPTION_BIT(SHARE_OPTION_trash);
	struct share_bits differs = share_diff(want, have);
	struct share change = *want;
	char what[300];
	bool lacks_bin;

	if (bin_only)
		differs = (struct share_bits){ .options = differs.options & bin };
	lacks_bin = want->trash && differs.options & bin;
	if (lacks_bin)
		differs.options &= ~bin;
	snprintf(what, sizeof(what), "share %s", want->name);
	change.given = differs;
	if (share_bits_any(&differs))
		apply_outcome(w, kernel_share_set(w->k, &change), what, "changed");
	if (lacks_bin && apply_goes_on(w))
		give_bin(w, want, what);
	return apply_goes_on(w);
}

/*
 * Does a configured share need the name, the path or the id of a home? The kernel serves a name in
 * any case, and derives ids from paths.
 */
static bool home_is_in_the_way(const struct config *cfg, const struct share *home)
{
	unsigned int i;

	for (i = 0; i < cfg->nshares; i++) {
		const struct share *s = cfg->shares[i];

		if (homes_name_is(s->name, home->name) || !strcmp(s->path, home->path) ||
		    (s->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID) &&
		     !memcmp(s->id, home->id, sizeof(s->id))))
			return true;
	}
	return false;
}

/*
 * Make home shares what the rule says now, and remove them if it says nothing of them. Users who
 * have yet to log in get theirs then.
 */
static bool change_homes(struct work *w, const struct kernel_shares *have)
{
	bool go_on = apply_goes_on(w);
	char what[300];
	unsigned int i;

	for (i = 0; i < have->n && go_on; i++) {
		const struct share *old = have->share[i];
		struct share *want;

		snprintf(what, sizeof(what), "share %s", old->name);
		if (!share_is_home(old) || !apply_covers(w, what))
			continue;
		want = home_is_in_the_way(w->cfg, old) ? NULL :
		       homes_make_again(w->cfg->homes, old);
		if (!want) {
			go_on = del_share(w, old->name);
			continue;
		}
		go_on = change_options(w, want, old, false);
		share_free(want);
	}
	return go_on;
}

static bool remove_shares(struct work *w, const struct kernel_shares *have)
{
	const struct config *cfg = w->cfg;
	struct names ours = { 0 };
	bool go_on = apply_goes_on(w);
	char what[300];
	unsigned int i;

	state_shares(w->st, add_name, &ours);
	for (i = 0; i < ours.n; i++) {
		snprintf(what, sizeof(what), "share %s", ours.name[i]);
		if (go_on && apply_covers(w, what) &&
		    !find_share(cfg->shares, cfg->nshares, ours.name[i])) {
			if (find_share(have->share, have->n, ours.name[i]))
				go_on = del_share(w, ours.name[i]);
			else
				state_share_drop(w->st, ours.name[i]);
			apply_tried(w, what);
		}
		free(ours.name[i]);
	}
	free(ours.name);
	for (i = 0; i < cfg->nshares && go_on; i++) {
		const struct share *old = find_share(have->share, have->n, cfg->shares[i]->name);

		if (old && !w->want[i].bad && must_replace(cfg->shares[i], old))
			go_on = del_share(w, old->name);
	}
	return go_on;
}

/*
 * Check that the path still leads to the same file system. Below an unmounted mount point there
 * is an empty directory, which must not be served in place of the files.
 */
static bool check_place(struct work *w, struct wanted *want, const char *what, u64 until)
{
	const struct share *s = &want->share;
	u8 fs[STATE_FS_MAX];
	struct why why;
	size_t len;
	int rc;

	rc = share_path_wait(s->path, until, &want->place);
	if (rc == -ETIMEDOUT) {
		why_not(&why, "not added: the file system at %s does not answer", s->path);
		apply_failure(w, what, why.text);
		return false;
	}
	/* The kernel reports errors of the path more precisely, if it is asked. */
	if (rc && !kernel_is_dry(w->k))
		return true;
	if (rc) {
		why_not(&why, "not added: %s: %s", s->path, strerror(-rc));
		apply_failure(w, what, why.text);
		return false;
	}
	if (s->mountpoint && !want->place.mountpoint) {
		why_not(&why, "not added: %s is no mount point", s->path);
		apply_failure(w, what, why.text);
		return false;
	}
	len = state_share_fs(w->st, s->name, s->path, fs);
	if (!len || (len == want->place.fs_len && !memcmp(fs, want->place.fs, len)))
		return true;
	why_not(&why,
		"not added: %s lies on another file system than before; mount that one, or take the share out of the file once to accept this one",
		s->path);
	apply_failure(w, what, why.text);
	return false;
}

/* Existing shares that are not replaced need no check. */
static bool needs_place(const struct share *s, const struct kernel_shares *have)
{
	const struct share *old = find_share(have->share, have->n, s->name);

	return !old || must_replace(s, old);
}

/* The subject of a share, or of a part of it that is tried by itself. */
static char *subject_of(const char *part, const struct share *s)
{
	return mem_print("%sshare %s", part, s->name);
}

static bool covers_part(const struct work *w, const char *part, const struct share *s)
{
	char *what = subject_of(part, s);
	bool covers = apply_covers(w, what);

	free(what);
	return covers;
}

static void tried_part(struct work *w, const char *part, const struct share *s)
{
	char *what = subject_of(part, s);

	apply_tried(w, what);
	free(what);
}

/* A run that repeats one in part leaves most shares alone. */
static void skip_share(struct work *w, struct wanted *want, const struct kernel_shares *have)
{
	memset(&want->share.users, 0, sizeof(want->share.users));
	want->bin_only = true;
	want->bad = !covers_part(w, APPLY_BIN_OF, &want->share) ||
		    needs_place(&want->share, have);
}

static bool find_forced(struct share *s, u64 until, struct why *why)
{
	struct share_users names, found = { 0 };
	bool good;

	share_force_begin(s, &names);
	good = !user_lookup_get(&names, until, &found, why) && share_force_end(s, &found, why);
	share_users_free(&names);
	share_users_free(&found);
	return good;
}

/*
 * Look up what the kernel cannot: ids of users and groups, and the file systems of paths. All
 * look-ups run in parallel, so one that hangs does not delay the others.
 */
static void prepare_shares(struct work *w, const struct kernel_shares *have)
{
	u64 until = clock_ms() + PREPARE_TIME;
	struct share_users forced;
	unsigned int i;

	w->want = mem_new((w->cfg->nshares + 1) * sizeof(*w->want));
	for (i = 0; i < w->cfg->nshares; i++) {
		if (!covers_part(w, "", w->cfg->shares[i]))
			continue;
		user_lookup_begin(&w->cfg->shares[i]->users);
		share_force_begin(w->cfg->shares[i], &forced);
		user_lookup_begin(&forced);
		share_users_free(&forced);
		if (needs_place(w->cfg->shares[i], have))
			share_path_begin(w->cfg->shares[i]->path);
	}
	for (i = 0; i < w->cfg->nshares; i++) {
		const struct share *s = w->cfg->shares[i];
		struct wanted *want = &w->want[i];
		char what[300];
		struct why why;

		snprintf(what, sizeof(what), "share %s", s->name);
		want->share = *s;
		if (!apply_covers(w, what)) {
			skip_share(w, want, have);
		} else if (user_lookup_get(&s->users, until, &want->share.users, &why) ||
			   !find_forced(&want->share, until, &why)) {
			want->bad = true;
			apply_failure(w, what, why.text);
		} else if (needs_place(s, have)) {
			want->bad = !check_place(w, want, what, until);
		}
	}
	user_lookup_end();
	share_path_end();
}

static bool add_share(struct work *w, const struct wanted *wanted)
{
	const u16 *option = spec_ops[DITTO_CMD_SHARE_SET].request;
	const struct share *s = &wanted->share;
	struct share want = *s, *added;
	char what[300];
	struct why why;

	snprintf(what, sizeof(what), "share %s", s->name);
	/*
	 * Options that the file omits get their defaults. The modules have the defaults of options
	 * that are numbers.
	 */
	for (; *option; option++)
		want.given.attrs |= SHARE_BIT(*option);
	/* A share that returns keeps its id, so that file handles of clients stay valid. */
	if (!(s->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)) &&
	    state_share_id(w->st, s->name, s->path, want.id))
		want.given.attrs |= SHARE_BIT(DITTO_A_SHARE_ID);
	if (!apply_outcome(w, kernel_share_add(w->k, &want), what, "added"))
		return apply_goes_on(w);
	if (kernel_is_dry(w->k))
		return true;
	added = kernel_share_get(w->k, s->name);
	if (!added) {
		/* The next run finds it, and stores that it is dittod's. */
		snprintf(why.text, sizeof(why.text), "not stored: %s", kernel_why(w->k));
		apply_failure(w, what, why.text);
		return true;
	}
	state_share_put(w->st, s->name, s->path, added->id);
	if (wanted->place.fs_len)
		state_share_fs_put(w->st, s->name, wanted->place.fs, wanted->place.fs_len);
	else
		state_share_fs_forget(w->st, s->name);
	/* It is served all the same. Asked again, the kernel says why. */
	if (want.trash && !added->trash)
		give_bin(w, &want, what);
	share_free(added);
	return apply_goes_on(w);
}

static bool change_share(struct work *w, const struct wanted *wanted, const struct share *have)
{
	const struct share *want = &wanted->share;

	state_share_put(w->st, want->name, want->path, have->id);
	return change_options(w, want, have, wanted->bin_only);
}

static bool add_shares(struct work *w, const struct kernel_shares *have)
{
	bool go_on = apply_goes_on(w);
	unsigned int i;

	for (i = 0; i < w->cfg->nshares && go_on; i++) {
		const struct share *want = &w->want[i].share;
		const struct share *old = find_share(have->share, have->n, want->name);

		if (!w->want[i].bad) {
			if (old && !must_replace(want, old))
				go_on = change_share(w, &w->want[i], old);
			else
				go_on = add_share(w, &w->want[i]);
		}
		tried_part(w, "", want);
		tried_part(w, APPLY_BIN_OF, want);
	}
	return go_on;
}

/* A retry that leaves the share alone may be about this only. */
static bool needs_guard(const struct work *w, const struct wanted *want)
{
	const struct share *s = &want->share;

	return s->offload &&
	       (covers_part(w, "", s) ? !want->bad : covers_part(w, APPLY_GUARD_OF, s));
}

/*
 * A share that offloads may have files without data, pushed on another machine or before its list
 * for ditto-guard was lost.
 */
static void guard_shares(struct work *w)
{
	u64 until = clock_ms() + PREPARE_TIME;
	struct why why;
	unsigned int i;
	char *what;
	int rc;

	for (i = 0; i < w->cfg->nshares; i++)
		if (needs_guard(w, &w->want[i]))
			share_path_guard_begin(w->cfg->shares[i]->path);
	for (i = 0; i < w->cfg->nshares; i++) {
		const struct share *s = w->cfg->shares[i];

		if (!needs_guard(w, &w->want[i]))
			continue;
		rc = share_path_guard_wait(s->path, until, &why);
		if (rc == -ETIMEDOUT)
			why_not(&why, "the file system at %s does not answer", s->path);
		what = subject_of(APPLY_GUARD_OF, s);
		/* The kernel has reported errors of the path. */
		if (why.text[0])
			apply_failure(w, what, why.text);
		apply_tried(w, what);
		free(what);
	}
	share_path_guard_end();
}

/* Tell once after an upgrade whom the defaults of this version do not serve any more. */
static void tell_defaults(struct work *w)
{
	char *names;
	unsigned int i;

	if (!state_defaults_changed(w->st))
		return;
	names = mem_string("");
	for (i = 0; i < w->cfg->nshares; i++) {
		const struct share *s = w->cfg->shares[i];
		char *more;

		if (!share_lacks_rule(s))
			continue;
		more = mem_print("%s%s%s", names, *names ? ", " : "", s->name);
		free(names);
		names = more;
	}
	log_warning("defaults have changed since the last start: without a rule (allow) shares serve nobody by AUTH_SYS of NFS: %s; sessions by NTLM must be signed (require-ntlm-signing); logins over SMB must be for a name of this machine (server-names)",
		    *names ? names : "there is none");
	free(names);
}

static bool apply_shares_locked(struct work *w)
{
	struct kernel_shares have;
	unsigned int i;
	bool go_on;
	int rc;

	rc = kernel_shares_get(w->k, &have);
	if (rc) {
		apply_outcome(w, rc, "list of shares", "read");
		return false;
	}
	apply_tried(w, "list of shares");
	tell_defaults(w);
	forget_places(w);
	prepare_shares(w, &have);
	go_on = change_homes(w, &have) && remove_shares(w, &have) && add_shares(w, &have);
	if (go_on && !kernel_is_dry(w->k))
		guard_shares(w);
	for (i = 0; i < w->cfg->nshares; i++)
		share_users_free(&w->want[i].share.users);
	free(w->want);
	kernel_shares_free(&have);
	return go_on;
}

static bool apply_shares(struct work *w)
{
	bool go_on;

	homes_lock();
	go_on = apply_shares_locked(w);
	homes_unlock();
	return go_on;
}

/* Return true if all that the run covers was tried. */
static bool apply_run(struct work *w)
{
	int rc = kernel_server_get(w->k, &w->server);

	if (rc) {
		apply_outcome(w, rc, "server", "asked");
		return false;
	}
	apply_tried(w, "server");
	w->result->started = w->server.started;
	/* Another instance has nothing of what was applied. */
	if (w->server.started != w->before->started)
		w->retry = false;
	if (!state_instance(w->st, w->result->started)) {
		apply_failure(w, "state", "the state of the previous instance cannot be deleted");
		return false;
	}
	apply_tried(w, "state");
	if (!apply_goes_on(w) || !give_key(w) || !apply_settings(w) || !apply_listeners(w, true) ||
	    !apply_shares(w))
		return false;
	/* Clients may have handles of files there. */
	mounts_tell(w->k);
	return apply_listeners(w, false);
}

void apply(struct kernel *k, const struct config *cfg, struct state *st,
	   const struct applied *before, struct applied *result, const bool *stopped,
	   bool retry)
{
	struct work w = { .k = k, .cfg = cfg, .st = st, .result = result, .before = before,
			  .stopped = stopped, .retry = retry && before->whole };
	const struct problems *old = &before->problems;
	unsigned int i;

	for (i = 0; i < old->n; i++)
		problems_add(&w.left, old->list[i].what, old->list[i].why);
	result->whole = apply_run(&w);
	if (!result->whole && w.retry) {
		/* What this run did not come to remains to be tried. */
		for (i = 0; i < w.left.n; i++)
			if (!problems_about(&result->problems, w.left.list[i].what))
				problems_add(&result->problems, w.left.list[i].what,
					     w.left.list[i].why);
		result->started = before->started;
		result->whole = true;
	}
	problems_free(&w.left);
}
