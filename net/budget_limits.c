// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of the principal budget. The table of kinds, the machine's memory and the budget-*
 * settings give the limits of a level, a peer and a user. See Documentation/security.md.
 *
 * Locking: limits are written one by one while charges read them. A charge that sees a mix of old
 * and new limits is admitted or refused by either; nothing that is held is taken away.
 */
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "budget_private.h"
#include "server.h"

/* Memory for clients: the machine's memory divided by MEMORY_PART, but not less than this. */
#define MEMORY_PART	8
#define MEMORY_LEAST	SZ_128M
/* Bytes per open for the limit on opens, which is about a quarter of the memory for clients. */
#define OPEN_BYTES	SZ_4K
#define OPENS_LEAST	16384
/* Share of that memory for unsent replies in sockets: far below TCP's own limits. */
#define UNSENT_PART	4
/* Bytes of a byte-range lock, the smallest claim of the lock table. */
#define LOCK_BYTES	256
#define LOCKS_LEAST	524288

#define PART_OF(_part, _least)	{ .part = (_part), .least = (_least) }
#define NUMBER(_number)		{ .least = (_number) }

/* In the order of the levels: stranger, unproven, anonymous, user. */
const struct ditto_budget_spec ditto_budget_kinds[DITTO_BUDGET_KINDS] = {
	[DITTO_BUDGET_MEMORY] = {
		.name = "memory-bytes", .batch = SZ_256K,
		.levels = { PART_OF(64, SZ_4M), PART_OF(16, SZ_64M), PART_OF(8, SZ_32M),
			    PART_OF(1, 0) },
		.peer = { PART_OF(1024, SZ_2M), PART_OF(128, SZ_8M), PART_OF(32, SZ_16M),
			  PART_OF(4, SZ_64M) },
		.user = PART_OF(8, SZ_64M),
	},
	[DITTO_BUDGET_CONNECTIONS] = {
		.name = "connections", .total = 65536, .batch = 8,
		.levels = { NUMBER(256), NUMBER(1024), NUMBER(4096), PART_OF(1, 0) },
		.peer = { NUMBER(16), NUMBER(128), NUMBER(128), NUMBER(256) },
		.user = NUMBER(1024),
	},
	[DITTO_BUDGET_LOGINS] = {
		.name = "logins", .total = 4096, .batch = 1,
		.levels = { NUMBER(64), PART_OF(2, 0), PART_OF(4, 0), PART_OF(1, 0) },
		.peer = { NUMBER(4), NUMBER(256), NUMBER(64), NUMBER(1024) },
		.user = NUMBER(1024),
	},
	[DITTO_BUDGET_SESSIONS] = {
		.name = "sessions", .total = 65536, .batch = 8,
		.levels = { NUMBER(64), PART_OF(16, 0), PART_OF(16, 0), PART_OF(1, 0) },
		.peer = { NUMBER(2), NUMBER(512), NUMBER(512), NUMBER(8192) },
		.user = NUMBER(8192),
	},
	[DITTO_BUDGET_OPENS] = {
		.name = "opens", .batch = 64,
		.levels = { NUMBER(0), NUMBER(1024), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(64), PART_OF(64, 1024), PART_OF(4, 0) },
		.user = PART_OF(4, 0),
	},
	[DITTO_BUDGET_PIPES] = {
		.name = "pipes", .total = 4096, .batch = 1,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(64), NUMBER(2048) },
		/* Two connections of 512 requests each, all on different pipes, and some spare. */
		.user = NUMBER(1280),
	},
	[DITTO_BUDGET_CLIENTS] = {
		.name = "clients", .total = 65536, .batch = 8,
		.levels = { NUMBER(0), PART_OF(8, 0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(256), NUMBER(256), NUMBER(4096) },
		.user = NUMBER(8192),
	},
	[DITTO_BUDGET_QUESTIONS] = {
		.name = "questions", .total = 4096, .batch = 1,
		.levels = { NUMBER(64), PART_OF(4, 0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(4), NUMBER(256), NUMBER(64), NUMBER(1024) },
		.user = NUMBER(512),
	},
	[DITTO_BUDGET_DELEGATIONS] = {
		.name = "delegations", .batch = 64,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), PART_OF(64, 1024), PART_OF(4, 0) },
		.user = PART_OF(4, 0),
	},
	[DITTO_BUDGET_LOCKS] = {
		.name = "locks", .batch = 64,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), PART_OF(32, 1024), PART_OF(2, 0) },
		.user = PART_OF(2, 0),
	},
	[DITTO_BUDGET_UNSENT] = {
		.name = "unsent-bytes", .batch = SZ_256K,
		.levels = { PART_OF(64, SZ_1M), PART_OF(4, 0), PART_OF(4, 0), PART_OF(1, 0) },
		.peer = { PART_OF(1024, SZ_256K), PART_OF(16, SZ_8M), PART_OF(16, SZ_8M),
			  PART_OF(4, SZ_16M) },
		.user = PART_OF(8, SZ_16M),
	},
	[DITTO_BUDGET_HANDSHAKES] = {
		.name = "handshakes", .total = 64, .batch = 1,
		.levels = { NUMBER(8), PART_OF(4, 0), PART_OF(4, 0), PART_OF(1, 0) },
		.peer = { NUMBER(2), NUMBER(8), NUMBER(8), NUMBER(32) },
		.user = NUMBER(32),
	},
	[DITTO_BUDGET_JOBS] = {
		.name = "jobs", .total = 1024, .batch = 1,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(16), NUMBER(64) },
		.user = NUMBER(64),
	},
	[DITTO_BUDGET_PARKED] = {
		.name = "parked-calls", .total = 8192, .batch = 8,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(64), NUMBER(1024) },
		.user = NUMBER(1024),
	},
	[DITTO_BUDGET_ANSWERS] = {
		.name = "answers", .total = 8192, .batch = 1,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(64), NUMBER(64) },
		.user = NUMBER(64),
	},
	[DITTO_BUDGET_CHANGES] = {
		.name = "change-bytes", .total = SZ_64M, .batch = SZ_64K,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), PART_OF(64, 0), PART_OF(4, 0) },
		.user = PART_OF(8, 0),
	},
	[DITTO_BUDGET_CALLOUTS] = {
		.name = "callouts", .total = 131072, .batch = 64,
		.levels = { NUMBER(0), NUMBER(0), PART_OF(8, 0), PART_OF(1, 0) },
		.peer = { NUMBER(0), NUMBER(0), NUMBER(4096), NUMBER(4096) },
		.user = NUMBER(4096),
	},
};

/* The limit of the highest level for a kind. */
static long budget_total(const struct ditto_budget *budget, enum ditto_budget_kind kind)
{
	u64 memory = (u64)READ_ONCE(budget->srv->settings.budget_memory_mib) * SZ_1M;

	if (!memory)
		memory = max_t(u64, ((u64)totalram_pages() << PAGE_SHIFT) / MEMORY_PART,
			       MEMORY_LEAST);
	memory = min_t(u64, memory, LONG_MAX / 2);
	if (kind == DITTO_BUDGET_MEMORY)
		return memory;
	if (kind == DITTO_BUDGET_UNSENT)
		return memory / UNSENT_PART;
	if (kind == DITTO_BUDGET_OPENS || kind == DITTO_BUDGET_DELEGATIONS)
		return max_t(u64, memory / OPEN_BYTES, OPENS_LEAST);
	if (kind == DITTO_BUDGET_LOCKS)
		return max_t(u64, memory / LOCK_BYTES, LOCKS_LEAST);
	return ditto_budget_kinds[kind].total;
}

static long budget_part_of(long total, const struct ditto_budget_part *limit)
{
	return min(max_t(long, limit->part ? total / limit->part : 0, limit->least), total);
}

/**
 * struct budget_limits - the limits of a kind
 * @total: limit of the highest level
 * @level: limit of each level
 * @peer: limit of one peer, by level
 * @user: limit of one user
 */
struct budget_limits {
	long total;
	long level[DITTO_TRUST_LEVELS];
	long peer[DITTO_TRUST_LEVELS];
	long user;
};

/**
 * struct budget_setting - a setting that gives the limit of one peer
 * @offset: of a u32 in struct ditto_settings; its value 0 keeps the limit of the table
 * @kind: enum ditto_budget_kind
 * @trust: enum ditto_trust whose limit is set
 * @lowest: the limits of levels below @trust down to this one change in proportion
 * @unit: unit of the setting
 */
struct budget_setting {
	u16 offset;
	u8 kind;
	u8 trust;
	u8 lowest;
	u32 unit;
};

#define BUDGET_SETTING(_field, _kind, _trust, _lowest, _unit) \
	{ .offset = offsetof(struct ditto_settings, budget_##_field), \
	  .kind = DITTO_BUDGET_##_kind, .trust = DITTO_TRUST_##_trust, \
	  .lowest = DITTO_TRUST_##_lowest, .unit = (_unit) }

static const struct budget_setting budget_settings[] = {
	BUDGET_SETTING(user_mib, MEMORY, USER, USER, SZ_1M),
	BUDGET_SETTING(user_mib, UNSENT, USER, USER, SZ_1M / UNSENT_PART),
	BUDGET_SETTING(anonymous_mib, MEMORY, ANONYMOUS, ANONYMOUS, SZ_1M),
	BUDGET_SETTING(anonymous_mib, UNSENT, ANONYMOUS, ANONYMOUS, SZ_1M / UNSENT_PART),
	BUDGET_SETTING(unproven_kib, MEMORY, UNPROVEN, UNPROVEN, SZ_1K),
	BUDGET_SETTING(unproven_kib, UNSENT, UNPROVEN, UNPROVEN, SZ_1K / UNSENT_PART),
	BUDGET_SETTING(connections, CONNECTIONS, USER, STRANGER, 1),
	BUDGET_SETTING(opens, OPENS, USER, USER, 1),
	BUDGET_SETTING(opens, DELEGATIONS, USER, USER, 1),
};

static long budget_scale(long limit, long from, long to, long total)
{
	return clamp_t(u64, mul_u64_u64_div_u64(limit, to, from), 1, total);
}

/* The limit of a user changes in proportion. A level may hold at least as much as one peer. */
static void budget_limits_apply(const struct ditto_budget *budget,
				const struct budget_setting *setting, struct budget_limits *limits)
{
	const void *field = (const void *)&budget->srv->settings + setting->offset;
	long to = (long)READ_ONCE(*(const u32 *)field) * setting->unit;
	long from = limits->peer[setting->trust];

	if (!to)
		return;
	for (unsigned int trust = setting->lowest; trust <= setting->trust; trust++) {
		limits->peer[trust] = budget_scale(limits->peer[trust], from, to, limits->total);
		limits->level[trust] = max(limits->level[trust], limits->peer[trust]);
	}
	if (setting->trust == DITTO_TRUST_USER)
		limits->user = budget_scale(limits->user, from, to, limits->total);
}

static void budget_limits_make(const struct ditto_budget *budget, enum ditto_budget_kind kind,
			       struct budget_limits *limits)
{
	const struct ditto_budget_spec *spec = &ditto_budget_kinds[kind];

	limits->total = budget_total(budget, kind);
	limits->user = budget_part_of(limits->total, &spec->user);
	for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
		limits->level[trust] = budget_part_of(limits->total, &spec->levels[trust]);
		limits->peer[trust] = budget_part_of(limits->total, &spec->peer[trust]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(budget_settings); i++)
		if (budget_settings[i].kind == kind)
			budget_limits_apply(budget, &budget_settings[i], limits);
}

/* Compute the limits anew from the settings. */
void ditto_budget_settings_changed(struct ditto_server *srv)
{
	struct ditto_budget *budget = srv->budget;
	struct budget_limits limits;

	for (unsigned int kind = 0; kind < DITTO_BUDGET_KINDS; kind++) {
		budget_limits_make(budget, kind, &limits);
		WRITE_ONCE(budget->user_limit[kind], limits.user);
		for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
			WRITE_ONCE(budget->level_limit[trust][kind], limits.level[trust]);
			WRITE_ONCE(budget->peer_limit[trust][kind], limits.peer[trust]);
		}
	}
}
