// SPDX-License-Identifier: GPL-2.0-only
/* Listeners of the configuration, see apply_private.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_private.h"
#include "config.h"
#include "mem.h"
#include "nl/port_user.h"
#include "state/state.h"

/* Protocol of the default listener, used if there is no other listener. */
#define DEFAULT_PROTOCOL	"nfs"

/* A listener that dittod owns, with the text that it was requested by. */
struct our_listener {
	u32 id;
	char text[LISTENER_TEXT_MAX];
};

struct our_listeners {
	struct our_listener *listener;
	unsigned int n;
};

static void listeners_add_ours(u32 id, const char *text, void *arg)
{
	struct our_listeners *list = arg;
	struct our_listener *l;

	list->listener = mem_grow(list->listener, list->n, sizeof(*list->listener));
	l = &list->listener[list->n++];
	l->id = id;
	snprintf(l->text, sizeof(l->text), "%s", text);
}

static const struct listener *listeners_find(const struct kernel_listeners *have, u32 id)
{
	unsigned int i;

	for (i = 0; i < have->n; i++)
		if (have->listener[i].id == id)
			return &have->listener[i];
	return NULL;
}

static bool listeners_own(const struct our_listeners *ours, u32 id)
{
	unsigned int i;

	for (i = 0; i < ours->n; i++)
		if (ours->listener[i].id == id)
			return true;
	return false;
}

/*
 * Return true if the listener exists. One that was added by hand, and that the file names by now,
 * becomes dittod's.
 */
static bool listener_is_there(struct work *w, const struct listener *want,
			      const struct kernel_listeners *have,
			      const struct our_listeners *ours)
{
	char text[LISTENER_TEXT_MAX];
	unsigned int i;

	listener_text(want, text);
	for (i = 0; i < ours->n; i++)
		if (!strcmp(ours->listener[i].text, text) &&
		    listeners_find(have, ours->listener[i].id))
			return true;
	for (i = 0; i < have->n; i++) {
		if (listener_port(want) != have->listener[i].port ||
		    !listener_same_place(want, &have->listener[i]))
			continue;
		if (!listeners_own(ours, have->listener[i].id))
			state_listener_put(w->st, have->listener[i].id, text);
		return true;
	}
	return false;
}

static bool listener_add(struct work *w, const struct listener *want,
			 const struct kernel_listeners *have)
{
	char text[LISTENER_TEXT_MAX];
	char what[LISTENER_TEXT_MAX + 32];
	char user[PORT_USER_MAX], hint[MODULE_HINT_MAX];
	struct why why;
	u32 id = 0;
	int rc;

	snprintf(what, sizeof(what), "listener %s", listener_text(want, text));
	if (!apply_has_protocol(w, want->protocol)) {
		why_not(&why, "waits for its protocol: %s", listener_hint(want, hint));
		apply_problem(w, what, why.text);
		return true;
	}
	rc = kernel_listener_add(w->k, want, &id);
	/* An administrator has added it by hand. */
	if (rc == -EEXIST)
		return true;
	if (rc == -EADDRINUSE && port_user(want, have->listener, have->n, user))
		apply_failure(w, what, user);
	else if (apply_outcome(w, rc, what, "added"))
		state_listener_put(w->st, id, text);
	return apply_goes_on(w);
}

static bool listener_del(struct work *w, const struct our_listener *l)
{
	char what[LISTENER_TEXT_MAX + 32];
	int rc;

	snprintf(what, sizeof(what), "listener %s", l->text);
	rc = kernel_listener_del(w->k, l->id);
	if (apply_outcome(w, rc == -ENOENT ? 0 : rc, what, "removed"))
		state_listener_drop(w->st, l->id);
	return apply_goes_on(w);
}

static bool listener_is_wanted(const struct listener *want, unsigned int n, const char *text)
{
	char mine[LISTENER_TEXT_MAX];
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(listener_text(&want[i], mine), text))
			return true;
	return false;
}

/*
 * Return the listeners of the file, otherwise the default. It is not added beside one that was
 * added by hand for the same protocol and transport; but once it is there, it stays.
 */
static unsigned int listeners_wished(const struct work *w, const struct kernel_listeners *have,
				     const struct our_listeners *ours, struct listener *fallback,
				     const struct listener **list)
{
	char text[LISTENER_TEXT_MAX];
	unsigned int i;

	if (w->cfg->nlisteners) {
		*list = w->cfg->listeners;
		return w->cfg->nlisteners;
	}
	memset(fallback, 0, sizeof(*fallback));
	snprintf(fallback->protocol, sizeof(fallback->protocol), "%s", DEFAULT_PROTOCOL);
	*list = fallback;
	listener_text(fallback, text);
	for (i = 0; i < ours->n; i++)
		if (!strcmp(ours->listener[i].text, text) &&
		    listeners_find(have, ours->listener[i].id))
			return 1;
	for (i = 0; i < have->n; i++)
		if (!listeners_own(ours, have->listener[i].id) &&
		    have->listener[i].transport == fallback->transport &&
		    !strcmp(have->listener[i].protocol, DEFAULT_PROTOCOL))
			return 0;
	return 1;
}

bool apply_listeners(struct work *w, bool removing)
{
	struct our_listeners ours = { 0 };
	struct kernel_listeners have;
	const struct listener *want;
	struct listener fallback;
	unsigned int i, n;
	char text[LISTENER_TEXT_MAX], what[LISTENER_TEXT_MAX + 32];
	bool go_on = apply_goes_on(w);
	int rc;

	rc = kernel_listeners_get(w->k, &have);
	if (rc) {
		apply_outcome(w, rc, "list of listeners", "read");
		return false;
	}
	apply_tried(w, "list of listeners");
	state_listeners(w->st, listeners_add_ours, &ours);
	n = listeners_wished(w, &have, &ours, &fallback, &want);
	for (i = 0; removing && i < ours.n && go_on; i++) {
		snprintf(what, sizeof(what), "listener %s", ours.listener[i].text);
		if (!apply_covers(w, what))
			continue;
		if (!listeners_find(&have, ours.listener[i].id))
			state_listener_drop(w->st, ours.listener[i].id);
		else if (!listener_is_wanted(want, n, ours.listener[i].text))
			go_on = listener_del(w, &ours.listener[i]);
		else
			continue;
		apply_tried(w, what);
	}
	for (i = 0; !removing && i < n && go_on; i++) {
		snprintf(what, sizeof(what), "listener %s", listener_text(&want[i], text));
		if (apply_covers(w, what) && !listener_is_there(w, &want[i], &have, &ours))
			go_on = listener_add(w, &want[i], &have);
		apply_tried(w, what);
	}
	free(ours.listener);
	kernel_listeners_free(&have);
	return go_on;
}
