// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a server. A table lists them with their defaults. Their ranges are in the netlink
 * policy, which is generated from the specification.
 *
 * Locking: settings_lock guards writing. Readers read single values with READ_ONCE() and see
 * either the old or the new value.
 */
#include <linux/mutex.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <net/netlink.h>
#include <kunit/visibility.h>

#include "../../fs/share/share.h"
#include "../budget.h"
#include "../event.h"
#include "../listener.h"
#include "../server.h"
#include "family.h"
#include "locks.h"
#include "settings.h"

static_assert(DITTO_ENCRYPTION_OFF == (int)DITTO_ENCRYPTION_MODE_OFF);
static_assert(DITTO_ENCRYPTION_OFFERED == (int)DITTO_ENCRYPTION_MODE_OFFERED);
static_assert(DITTO_ENCRYPTION_REQUIRED == (int)DITTO_ENCRYPTION_MODE_REQUIRED);

static DEFINE_MUTEX(settings_lock);

/* A setting: its attribute, its place in struct ditto_settings and its default. */
struct setting {
	u16 attr;
	u16 offset;
	bool is_bool;
	u32 initial;
};

#define SETTING_U32(_attr, _field, _initial) \
	{ .attr = DITTO_A_SERVER_##_attr, \
	  .offset = offsetof(struct ditto_settings, _field), .initial = (_initial) }
#define SETTING_BOOL(_attr, _field, _initial) \
	{ .attr = DITTO_A_SERVER_##_attr, .is_bool = true, \
	  .offset = offsetof(struct ditto_settings, _field), .initial = (_initial) }

static const struct setting settings[] = {
	SETTING_U32(THREADS, threads, 0),
	SETTING_U32(MAX_CONNECTIONS, max_connections, 1024),
	SETTING_U32(NODE_LIMIT, node_limit, 65536),
	SETTING_U32(FILE_LIMIT, file_limit, 1024),
	SETTING_U32(FILE_IDLE_MS, file_idle_ms, 2000),
	SETTING_U32(DRAIN_MS, drain_ms, 30000),
	SETTING_U32(UPCALL_MS, upcall_ms, 5000),
	SETTING_U32(NAME_TTL_S, name_ttl_s, 300),
	SETTING_U32(NAME_NEGATIVE_TTL_S, name_negative_ttl_s, 30),
	SETTING_BOOL(UDP, udp, 0),
	SETTING_U32(LEASE_TIME_S, lease_time_s, 90),
	SETTING_U32(GRACE_S, grace_s, 90),
	SETTING_U32(WAITS_PER_NODE, waits_per_node, 100),
	SETTING_U32(CLAIMS_PER_CLIENT, claims_per_client, 1048576),
	SETTING_U32(RECALL_PAUSE_S, recall_pause_s, 30),
	SETTING_BOOL(REQUIRE_SIGNING, require_signing, 0),
	SETTING_U32(ENCRYPTION, encryption, DITTO_ENCRYPTION_OFFERED),
	SETTING_U32(MIN_DIALECT, min_dialect, DITTO_MIN_DIALECT),
	SETTING_U32(DURABLE_S, durable_s, 60),
	SETTING_U32(MAX_DELEGATIONS, max_delegations, 1048576),
	SETTING_U32(DELEGATIONS_PER_CLIENT, delegations_per_client, 65536),
	SETTING_BOOL(DELEGATIONS, delegations, 1),
	SETTING_U32(SESSION_SLOTS, session_slots, 128),
	SETTING_U32(SESSIONS_PER_CLIENT, sessions_per_client, 64),
	SETTING_U32(SILENCE_S, silence_s, 60),
	SETTING_U32(BREAK_WAIT_MS, break_wait_ms, 50),
	SETTING_U32(SESSIONS_PER_CONNECTION, sessions_per_connection, 1024),
	SETTING_BOOL(RESTRICT_ANONYMOUS, restrict_anonymous, 1),
	SETTING_U32(LOGIN_DELAY_MS, login_delay_ms, 500),
	SETTING_U32(BUDGET_MEMORY_MIB, budget_memory_mib, 0),
	SETTING_U32(BUDGET_USER_MIB, budget_user_mib, 0),
	SETTING_U32(BUDGET_ANONYMOUS_MIB, budget_anonymous_mib, 0),
	SETTING_U32(BUDGET_UNPROVEN_KIB, budget_unproven_kib, 0),
	SETTING_U32(BUDGET_CONNECTIONS, budget_connections, 0),
	SETTING_U32(BUDGET_OPENS, budget_opens, 0),
};

static u32 setting_read(const struct ditto_settings *from, const struct setting *s)
{
	const void *field = (const void *)from + s->offset;

	if (s->is_bool)
		return READ_ONCE(*(const bool *)field);
	return READ_ONCE(*(const u32 *)field);
}

static void setting_write(struct ditto_settings *to, const struct setting *s, u32 value)
{
	void *field = (void *)to + s->offset;

	if (s->is_bool)
		WRITE_ONCE(*(bool *)field, value);
	else
		WRITE_ONCE(*(u32 *)field, value);
}

static void settings_write_all(struct ditto_settings *to, const struct ditto_settings *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		setting_write(to, &settings[i], setting_read(from, &settings[i]));
}

void ditto_settings_init(struct ditto_server *srv)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		setting_write(&srv->settings, &settings[i], settings[i].initial);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_settings_init);

static siphash_key_t handle_key_of(const struct nlattr *attr)
{
	const u8 *bytes = nla_data(attr);

	return (siphash_key_t){ {
		get_unaligned_le64(bytes), get_unaligned_le64(bytes + 8)
	} };
}

static int handle_key_set(struct ditto_server *srv, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	siphash_key_t key;
	int err;

	if (!attr)
		return 0;
	key = handle_key_of(attr);
	err = ditto_shares_set_key(srv, &key);
	if (err)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the handle key can be set only before the first share is added");
	return err;
}

/* Write the settings that are given. Returns true if a value has changed. */
static bool settings_take(struct ditto_settings *to, struct nlattr **attrs)
{
	bool changed = false;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];
		const struct nlattr *attr = attrs[s->attr];
		u32 value;

		if (!attr)
			continue;
		value = s->is_bool ? nla_get_u8(attr) : nla_get_u32(attr);
		if (value == setting_read(to, s))
			continue;
		setting_write(to, s, value);
		changed = true;
	}
	return changed;
}

int ditto_settings_set(struct ditto_server *srv, struct nlattr **attrs,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *key = attrs[DITTO_A_SERVER_HANDLE_KEY];
	struct ditto_settings old;
	bool changed;
	int err;

	mutex_lock(&settings_lock);
	settings_write_all(&old, &srv->settings);
	changed = settings_take(&srv->settings, attrs);
	/*
	 * Protocols are called even if no value changed: the administrator may want them to try
	 * again.
	 */
	err = ditto_protocols_settings_changed(srv, extack);
	if (!err)
		err = handle_key_set(srv, key, extack);
	if (err && changed) {
		settings_write_all(&srv->settings, &old);
		/* Back to the old settings, which worked. Only the first error is reported. */
		ditto_protocols_settings_changed(srv, NULL);
	} else if (changed) {
		ditto_locks_settings_changed(srv);
		if (srv->budget)
			ditto_budget_settings_changed(srv);
		ditto_event(srv, DITTO_EVENT_SETTINGS_CHANGED, NULL);
	}
	mutex_unlock(&settings_lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_settings_set);

int ditto_settings_put(struct sk_buff *msg, const struct ditto_server *srv)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];
		u32 value = setting_read(&srv->settings, s);
		int err;

		if (s->is_bool)
			err = nla_put_u8(msg, s->attr, value);
		else
			err = nla_put_u32(msg, s->attr, value);
		if (err)
			return err;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_settings_put);
