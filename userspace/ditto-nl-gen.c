// SPDX-License-Identifier: GPL-2.0-only
/* Made by userspace/gen-bindings from Documentation/netlink/specs/ditto.yaml. */

#include <netlink/attr.h>

#include "ditto-nl-gen.h"

static const char *const squash_mode_names[] = {
	"root-to-guest",
	"none",
	"root-to-admin",
	"all-to-admin",
	"all-to-guest",
};

const struct spec_enum spec_squash_mode = {
	.name = "squash-mode",
	.flags = false,
	.names = squash_mode_names,
	.count = 5,
};

static const char *const acl_mode_names[] = {
	"groupmask",
	"discard",
	"passthrough",
	"restricted",
};

const struct spec_enum spec_acl_mode = {
	.name = "acl-mode",
	.flags = false,
	.names = acl_mode_names,
	.count = 4,
};

static const char *const flavor_names[] = {
	"none",
	"sys",
	"krb5",
	"krb5i",
	"krb5p",
};

const struct spec_enum spec_flavor = {
	.name = "flavor",
	.flags = true,
	.names = flavor_names,
	.count = 5,
};

static const char *const login_kind_names[] = {
	"kerberos",
	"ntlm",
	"guest",
};

const struct spec_enum spec_login_kind = {
	.name = "login-kind",
	.flags = true,
	.names = login_kind_names,
	.count = 3,
};

static const char *const access_right_names[] = {
	"none",
	"read",
	"write",
};

const struct spec_enum spec_access_right = {
	.name = "access-right",
	.flags = false,
	.names = access_right_names,
	.count = 3,
};

static const char *const share_right_names[] = {
	"none",
	"read",
	"write",
	"admin",
};

const struct spec_enum spec_share_right = {
	.name = "share-right",
	.flags = false,
	.names = share_right_names,
	.count = 4,
};

static const char *const nested_state_names[] = {
	"writable",
	"read-only",
};

const struct spec_enum spec_nested_state = {
	.name = "nested-state",
	.flags = false,
	.names = nested_state_names,
	.count = 2,
};

static const char *const grace_state_names[] = {
	"normal",
	"loading",
	"grace",
	"forgetting",
};

const struct spec_enum spec_grace_state = {
	.name = "grace-state",
	.flags = false,
	.names = grace_state_names,
	.count = 4,
};

static const char *const grace_others_names[] = {
	"none",
	"ranges",
	"all",
};

const struct spec_enum spec_grace_others = {
	.name = "grace-others",
	.flags = false,
	.names = grace_others_names,
	.count = 3,
};

static const char *const setting_type_names[] = {
	"bool",
	"number",
	"enum",
	"version",
	"flags",
	"mode",
};

const struct spec_enum spec_setting_type = {
	.name = "setting-type",
	.flags = false,
	.names = setting_type_names,
	.count = 6,
};

static const char *const transport_type_names[] = {
	"tcp",
	"udp",
	"rdma",
};

const struct spec_enum spec_transport_type = {
	.name = "transport-type",
	.flags = false,
	.names = transport_type_names,
	.count = 3,
};

static const char *const upcall_kind_names[] = {
	"host-name",
	"netgroup",
	"groups",
	"record-put",
	"record-remove",
	"record-forget",
	"auth",
	"auth-abort",
	"pipe-open",
	"pipe-call",
	"pipe-close",
	"user-name",
	"group-name",
	"user-id",
	"group-id",
	"user-sids",
	"sid-of-user",
	"sid-of-group",
	"account-of-sid",
	"audit",
	"offload-fetch",
	"scan",
};

const struct spec_enum spec_upcall_kind = {
	.name = "upcall-kind",
	.flags = false,
	.names = upcall_kind_names,
	.count = 22,
};

static const char *const audit_kind_names[] = {
	"open",
	"delete",
};

const struct spec_enum spec_audit_kind = {
	.name = "audit-kind",
	.flags = false,
	.names = audit_kind_names,
	.count = 2,
};

static const char *const token_privilege_names[] = {
	"restore",
	"security",
};

const struct spec_enum spec_token_privilege = {
	.name = "token-privilege",
	.flags = true,
	.names = token_privilege_names,
	.count = 2,
};

static const char *const record_type_names[] = {
	"monitored-host",
	"client",
	"open",
};

const struct spec_enum spec_record_type = {
	.name = "record-type",
	.flags = false,
	.names = record_type_names,
	.count = 3,
};

static const char *const claim_type_names[] = {
	"range",
	"open",
	"lease",
};

const struct spec_enum spec_claim_type = {
	.name = "claim-type",
	.flags = false,
	.names = claim_type_names,
	.count = 3,
};

static const char *const claim_state_names[] = {
	"held",
	"breaking",
	"waiting",
};

const struct spec_enum spec_claim_state = {
	.name = "claim-state",
	.flags = false,
	.names = claim_state_names,
	.count = 3,
};

static const char *const conflict_operation_names[] = {
	"read",
	"write",
	"size",
	"getattr",
	"setattr",
	"open",
	"remove",
	"rename",
	"replace",
	"link",
	"entry",
	"child",
	"lock-shared",
	"lock-exclusive",
};

const struct spec_enum spec_conflict_operation = {
	.name = "conflict-operation",
	.flags = false,
	.names = conflict_operation_names,
	.count = 14,
};

static const char *const conflict_outcome_names[] = {
	"refused",
	"waiting",
	"granted",
	"withdrawn",
	"breaking",
	"returned",
	"revoked",
};

const struct spec_enum spec_conflict_outcome = {
	.name = "conflict-outcome",
	.flags = false,
	.names = conflict_outcome_names,
	.count = 7,
};

static const char *const budget_level_names[] = {
	"stranger",
	"unproven",
	"anonymous",
	"user",
};

const struct spec_enum spec_budget_level = {
	.name = "budget-level",
	.flags = false,
	.names = budget_level_names,
	.count = 4,
};

static const char *const range_discipline_names[] = {
	"posix",
	"exact",
};

const struct spec_enum spec_range_discipline = {
	.name = "range-discipline",
	.flags = false,
	.names = range_discipline_names,
	.count = 2,
};

static const char *const open_right_names[] = {
	"read",
	"write",
	"delete",
};

const struct spec_enum spec_open_right = {
	.name = "open-right",
	.flags = true,
	.names = open_right_names,
	.count = 3,
};

static const char *const open_durability_names[] = {
	"none",
	"durable",
	"resilient",
	"persistent",
};

const struct spec_enum spec_open_durability = {
	.name = "open-durability",
	.flags = false,
	.names = open_durability_names,
	.count = 4,
};

static const char *const lease_right_names[] = {
	"read",
	"handle",
	"write",
};

const struct spec_enum spec_lease_right = {
	.name = "lease-right",
	.flags = true,
	.names = lease_right_names,
	.count = 3,
};

static const char *const event_kind_names[] = {
	"share-added",
	"share-changed",
	"share-removed",
	"listener-added",
	"listener-removed",
	"client-new",
	"client-disconnected",
	"settings-changed",
	"protocol-added",
	"protocol-removed",
	"helper-connected",
	"helper-gone",
	"lock-conflict",
	"lock-break",
	"lock-revoked",
	"lock-client-released",
	"grace-started",
	"grace-ended",
	"session-opened",
	"session-closed",
	"auth-refused",
	"offload-released",
	"offload-resident",
	"offload-failed",
	"offload-full",
	"worm-refused",
	"scan-refused",
	"scan-failed",
};

const struct spec_enum spec_event_kind = {
	.name = "event-kind",
	.flags = false,
	.names = event_kind_names,
	.count = 28,
};

static const char *const acl_source_names[] = {
	"stored",
	"adapted",
	"mode",
	"posix-acl",
	"posix-acl-over-stored",
	"damaged",
	"samba",
};

const struct spec_enum spec_acl_source = {
	.name = "acl-source",
	.flags = false,
	.names = acl_source_names,
	.count = 7,
};

static const char *const acl_import_result_names[] = {
	"stored",
	"own",
	"none",
	"stale",
	"unproven",
	"damaged",
	"too-long",
	"conditional",
};

const struct spec_enum spec_acl_import_result = {
	.name = "acl-import-result",
	.flags = false,
	.names = acl_import_result_names,
	.count = 8,
};

static const char *const acl_flag_names[] = {
	"protected",
	"auto-inherited",
	"defaulted",
	"no-list",
	"auto-inherit-req",
};

const struct spec_enum spec_acl_flag = {
	.name = "acl-flag",
	.flags = true,
	.names = acl_flag_names,
	.count = 5,
};

static const char *const acl_entry_type_names[] = {
	"allow",
	"deny",
};

const struct spec_enum spec_acl_entry_type = {
	.name = "acl-entry-type",
	.flags = false,
	.names = acl_entry_type_names,
	.count = 2,
};

static const char *const acl_entry_flag_names[] = {
	"file-inherit",
	"dir-inherit",
	"no-propagate",
	"inherit-only",
	"inherited",
};

const struct spec_enum spec_acl_entry_flag = {
	.name = "acl-entry-flag",
	.flags = true,
	.names = acl_entry_flag_names,
	.count = 5,
};

static const char *const acl_entry_who_names[] = {
	"owner",
	"group",
	"everyone",
	"uid",
	"gid",
	"authenticated",
	"anonymous",
	"network",
	"owner-rights",
	"sid",
};

const struct spec_enum spec_acl_entry_who = {
	.name = "acl-entry-who",
	.flags = false,
	.names = acl_entry_who_names,
	.count = 10,
};

static const char *const acl_right_names[] = {
	"read-data",
	"write-data",
	"append-data",
	"read-xattrs",
	"write-xattrs",
	"execute",
	"delete-child",
	"read-attrs",
	"write-attrs",
	NULL,
	NULL,
	NULL,
	NULL,
	NULL,
	NULL,
	NULL,
	"delete",
	"read-acl",
	"write-acl",
	"write-owner",
	"synchronize",
};

const struct spec_enum spec_acl_right = {
	.name = "acl-right",
	.flags = true,
	.names = acl_right_names,
	.count = 21,
};

static const char *const access_refusal_names[] = {
	"rule",
	"flavor",
	"guest",
	"grant",
	"login",
};

const struct spec_enum spec_access_refusal = {
	.name = "access-refusal",
	.flags = false,
	.names = access_refusal_names,
	.count = 5,
};

static const char *const grant_source_names[] = {
	"default",
	"user",
	"group",
	"sid",
	"undecided-sid",
};

const struct spec_enum spec_grant_source = {
	.name = "grant-source",
	.flags = false,
	.names = grant_source_names,
	.count = 5,
};

static const char *const access_reason_names[] = {
	"unknown",
	"list",
	"mode",
	"parent-list",
	"parent-mode",
	"everybody",
	"owner",
	"administrator",
	"traverse",
	"no-meaning",
	"read-only",
	"read-only-mount",
	"immutable",
	"append-only",
	"sticky",
	"root",
	"kernel",
	"privilege",
};

const struct spec_enum spec_access_reason = {
	.name = "access-reason",
	.flags = false,
	.names = access_reason_names,
	.count = 18,
};

static const char *const access_class_names[] = {
	"owner",
	"user",
	"group",
	"named-group",
	"other",
};

const struct spec_enum spec_access_class = {
	.name = "access-class",
	.flags = false,
	.names = access_class_names,
	.count = 5,
};

static const char *const offload_state_names[] = {
	"resident",
	"partial",
	"offloaded",
	"recalling",
	"conflict",
};

const struct spec_enum spec_offload_state = {
	.name = "offload-state",
	.flags = false,
	.names = offload_state_names,
	.count = 5,
};

static const char *const offload_decision_names[] = {
	"refuse",
	"overwrite",
	"keep-local",
};

const struct spec_enum spec_offload_decision = {
	.name = "offload-decision",
	.flags = false,
	.names = offload_decision_names,
	.count = 3,
};

static const char *const offload_obstacle_names[] = {
	"none",
	"remote",
	"overlay",
	"mount",
	"kernel",
};

const struct spec_enum spec_offload_obstacle = {
	.name = "offload-obstacle",
	.flags = false,
	.names = offload_obstacle_names,
	.count = 5,
};

static const char *const mode_bit_names[] = {
	"execute",
	"write",
	"read",
};

const struct spec_enum spec_mode_bit = {
	.name = "mode-bit",
	.flags = true,
	.names = mode_bit_names,
	.count = 3,
};

static const struct spec_attr rule_attrs[] = {
	[DITTO_A_RULE_SPEC] = {
		.name = "spec",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_RULE_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_access_right,
	},
	[DITTO_A_RULE_SQUASH] = {
		.name = "squash",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_squash_mode,
	},
	[DITTO_A_RULE_ANON_UID] = {
		.name = "anon-uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_RULE_ANON_GID] = {
		.name = "anon-gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy rule_policy[] = {
	[DITTO_A_RULE_SPEC] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_RULE_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_RULE_SQUASH] = {
		.type = NLA_U32,
	},
	[DITTO_A_RULE_ANON_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_RULE_ANON_GID] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_rule_set = {
	.name = "rule",
	.attrs = rule_attrs,
	.policy = rule_policy,
	.max = DITTO_A_RULE_MAX,
};

static const struct spec_attr share_attrs[] = {
	[DITTO_A_SHARE_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_SHARE_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_SHARE_ID] = {
		.name = "id",
		.kind = SPEC_BINARY,
		.form = SPEC_UUID,
		.exact_len = 16,
	},
	[DITTO_A_SHARE_ANON_UID] = {
		.name = "anon-uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_ANON_GID] = {
		.name = "anon-gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_RULES] = {
		.name = "rules",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_rules_set,
	},
	[DITTO_A_SHARE_FS_TYPE] = {
		.name = "fs-type",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SHARE_COMMENT] = {
		.name = "comment",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_SHARE_USERS] = {
		.name = "users",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_share_users_set,
	},
	[DITTO_A_SHARE_DEFAULT_ACCESS] = {
		.name = "default-access",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_share_right,
	},
	[DITTO_A_SHARE_SNAPSHOTS] = {
		.name = "snapshots",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_SHARE_OPTION] = {
		.name = "option",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_share_option_set,
	},
	[DITTO_A_SHARE_DEVICE] = {
		.name = "device",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_INODE] = {
		.name = "inode",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SHARE_HANDLES] = {
		.name = "handles",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_SHARE_PROTOCOLS] = {
		.name = "protocols",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 127,
	},
	[DITTO_A_SHARE_SESSION] = {
		.name = "session",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SHARE_LINKS] = {
		.name = "links",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 8191,
	},
	[DITTO_A_SHARE_TRASH_EXCLUDE] = {
		.name = "trash-exclude",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 1023,
	},
	[DITTO_A_SHARE_HOME_UID] = {
		.name = "home-uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_HOME_DIR] = {
		.name = "home-dir",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_HOME_GID] = {
		.name = "home-gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_VETO_FILES] = {
		.name = "veto-files",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 1023,
	},
	[DITTO_A_SHARE_FORCE_UID] = {
		.name = "force-uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_FORCE_GID] = {
		.name = "force-gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy share_policy[] = {
	[DITTO_A_SHARE_NAME] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_SHARE_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_SHARE_ID] = {
		.type = NLA_BINARY,
		.minlen = 16,
		.maxlen = 16,
	},
	[DITTO_A_SHARE_ANON_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_ANON_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_RULES] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_SHARE_FS_TYPE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SHARE_COMMENT] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_SHARE_USERS] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_SHARE_DEFAULT_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_SNAPSHOTS] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_SHARE_OPTION] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_SHARE_DEVICE] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_INODE] = {
		.type = NLA_U64,
	},
	[DITTO_A_SHARE_HANDLES] = {
		.type = NLA_U8,
	},
	[DITTO_A_SHARE_PROTOCOLS] = {
		.type = NLA_STRING,
		.maxlen = 128,
	},
	[DITTO_A_SHARE_SESSION] = {
		.type = NLA_U64,
	},
	[DITTO_A_SHARE_LINKS] = {
		.type = NLA_STRING,
		.maxlen = 8192,
	},
	[DITTO_A_SHARE_TRASH_EXCLUDE] = {
		.type = NLA_STRING,
		.maxlen = 1024,
	},
	[DITTO_A_SHARE_HOME_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_HOME_DIR] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_HOME_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_VETO_FILES] = {
		.type = NLA_STRING,
		.maxlen = 1024,
	},
	[DITTO_A_SHARE_FORCE_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_FORCE_GID] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_share_set = {
	.name = "share",
	.attrs = share_attrs,
	.policy = share_policy,
	.max = DITTO_A_SHARE_MAX,
};

static const struct spec_attr share_option_attrs[] = {
	[DITTO_A_SHARE_OPTION_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 31,
	},
	[DITTO_A_SHARE_OPTION_OWNER] = {
		.name = "owner",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_SHARE_OPTION_VALUE] = {
		.name = "value",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy share_option_policy[] = {
	[DITTO_A_SHARE_OPTION_NAME] = {
		.type = NLA_STRING,
		.maxlen = 32,
	},
	[DITTO_A_SHARE_OPTION_OWNER] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_SHARE_OPTION_VALUE] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_share_option_set = {
	.name = "share-option",
	.attrs = share_option_attrs,
	.policy = share_option_policy,
	.max = DITTO_A_SHARE_OPTION_MAX,
};

static const struct spec_attr rules_attrs[] = {
	[DITTO_A_RULES_RULE] = {
		.name = "rule",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_rule_set,
	},
};

static const struct nla_policy rules_policy[] = {
	[DITTO_A_RULES_RULE] = {
		.type = NLA_NESTED,
	},
};

const struct spec_set spec_rules_set = {
	.name = "rules",
	.attrs = rules_attrs,
	.policy = rules_policy,
	.max = DITTO_A_RULES_MAX,
};

static const struct spec_attr share_user_attrs[] = {
	[DITTO_A_SHARE_USER_UID] = {
		.name = "uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_USER_GID] = {
		.name = "gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SHARE_USER_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_share_right,
	},
	[DITTO_A_SHARE_USER_SID] = {
		.name = "sid",
		.kind = SPEC_BINARY,
		.form = SPEC_SID,
	},
	[DITTO_A_SHARE_USER_IS_GROUP] = {
		.name = "is-group",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
};

static const struct nla_policy share_user_policy[] = {
	[DITTO_A_SHARE_USER_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_USER_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_USER_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_SHARE_USER_SID] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_SHARE_USER_IS_GROUP] = {
		.type = NLA_U8,
	},
};

const struct spec_set spec_share_user_set = {
	.name = "share-user",
	.attrs = share_user_attrs,
	.policy = share_user_policy,
	.max = DITTO_A_SHARE_USER_MAX,
};

static const struct spec_attr share_users_attrs[] = {
	[DITTO_A_SHARE_USERS_USER] = {
		.name = "user",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_share_user_set,
	},
};

static const struct nla_policy share_users_policy[] = {
	[DITTO_A_SHARE_USERS_USER] = {
		.type = NLA_NESTED,
	},
};

const struct spec_set spec_share_users_set = {
	.name = "share-users",
	.attrs = share_users_attrs,
	.policy = share_users_policy,
	.max = DITTO_A_SHARE_USERS_MAX,
};

static const struct spec_attr listener_attrs[] = {
	[DITTO_A_LISTENER_ID] = {
		.name = "id",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_LISTENER_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_LISTENER_TRANSPORT] = {
		.name = "transport",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_transport_type,
	},
	[DITTO_A_LISTENER_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_LISTENER_PORT] = {
		.name = "port",
		.kind = SPEC_U16,
		.form = SPEC_PLAIN,
		.min = 1,
		.max = 65535ULL,
	},
	[DITTO_A_LISTENER_CONNECTIONS] = {
		.name = "connections",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy listener_policy[] = {
	[DITTO_A_LISTENER_ID] = {
		.type = NLA_U32,
	},
	[DITTO_A_LISTENER_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_LISTENER_TRANSPORT] = {
		.type = NLA_U32,
	},
	[DITTO_A_LISTENER_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_LISTENER_PORT] = {
		.type = NLA_U16,
	},
	[DITTO_A_LISTENER_CONNECTIONS] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_listener_set = {
	.name = "listener",
	.attrs = listener_attrs,
	.policy = listener_policy,
	.max = DITTO_A_LISTENER_MAX,
};

static const struct spec_attr server_attrs[] = {
	[DITTO_A_SERVER_HANDLE_KEY] = {
		.name = "handle-key",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
		.exact_len = 16,
	},
	[DITTO_A_SERVER_STARTED] = {
		.name = "started",
		.kind = SPEC_U64,
		.form = SPEC_TIME_NS,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_HELPER] = {
		.name = "helper",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_SERVER_NODES] = {
		.name = "nodes",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_OPEN_FILES] = {
		.name = "open-files",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_PROTOCOLS] = {
		.name = "protocols",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.multi = true,
	},
	[DITTO_A_SERVER_VERSION] = {
		.name = "version",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SERVER_EPOCH] = {
		.name = "epoch",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_RANGES] = {
		.name = "ranges",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_OPENS] = {
		.name = "opens",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_LEASES] = {
		.name = "leases",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_WAITS] = {
		.name = "waits",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SERVER_SETTING] = {
		.name = "setting",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_setting_change_set,
	},
};

static const struct nla_policy server_policy[] = {
	[DITTO_A_SERVER_HANDLE_KEY] = {
		.type = NLA_BINARY,
		.minlen = 16,
		.maxlen = 16,
	},
	[DITTO_A_SERVER_STARTED] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_HELPER] = {
		.type = NLA_U8,
	},
	[DITTO_A_SERVER_NODES] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_OPEN_FILES] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_PROTOCOLS] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SERVER_VERSION] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SERVER_EPOCH] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_RANGES] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_OPENS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_LEASES] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_WAITS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SERVER_SETTING] = {
		.type = NLA_NESTED,
	},
};

const struct spec_set spec_server_set = {
	.name = "server",
	.attrs = server_attrs,
	.policy = server_policy,
	.max = DITTO_A_SERVER_MAX,
};

static const struct spec_attr budget_attrs[] = {
	[DITTO_A_BUDGET_KIND] = {
		.name = "kind",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_BUDGET_USED] = {
		.name = "used",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_BUDGET_LIMIT] = {
		.name = "limit",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy budget_policy[] = {
	[DITTO_A_BUDGET_KIND] = {
		.type = NLA_STRING,
	},
	[DITTO_A_BUDGET_USED] = {
		.type = NLA_U64,
	},
	[DITTO_A_BUDGET_LIMIT] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_budget_set = {
	.name = "budget",
	.attrs = budget_attrs,
	.policy = budget_policy,
	.max = DITTO_A_BUDGET_MAX,
};

static const struct spec_attr level_budget_attrs[] = {
	[DITTO_A_LEVEL_BUDGET_LEVEL] = {
		.name = "level",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_budget_level,
	},
	[DITTO_A_LEVEL_BUDGET_KIND] = {
		.name = "kind",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_LEVEL_BUDGET_USED] = {
		.name = "used",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LEVEL_BUDGET_LIMIT] = {
		.name = "limit",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy level_budget_policy[] = {
	[DITTO_A_LEVEL_BUDGET_LEVEL] = {
		.type = NLA_U32,
	},
	[DITTO_A_LEVEL_BUDGET_KIND] = {
		.type = NLA_STRING,
	},
	[DITTO_A_LEVEL_BUDGET_USED] = {
		.type = NLA_U64,
	},
	[DITTO_A_LEVEL_BUDGET_LIMIT] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_level_budget_set = {
	.name = "level-budget",
	.attrs = level_budget_attrs,
	.policy = level_budget_policy,
	.max = DITTO_A_LEVEL_BUDGET_MAX,
};

static const struct spec_attr client_attrs[] = {
	[DITTO_A_CLIENT_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_CLIENT_PROTOCOLS] = {
		.name = "protocols",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.multi = true,
	},
	[DITTO_A_CLIENT_CONNECTIONS] = {
		.name = "connections",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_CLIENT_SINCE] = {
		.name = "since",
		.kind = SPEC_U64,
		.form = SPEC_TIME_S,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLIENT_IDLE_MS] = {
		.name = "idle-ms",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLIENT_REQUESTS] = {
		.name = "requests",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLIENT_DISCONNECTED] = {
		.name = "disconnected",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_CLIENT_BUDGET] = {
		.name = "budget",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_budget_set,
	},
	[DITTO_A_CLIENT_REFUSED] = {
		.name = "refused",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy client_policy[] = {
	[DITTO_A_CLIENT_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_CLIENT_PROTOCOLS] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CLIENT_CONNECTIONS] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLIENT_SINCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLIENT_IDLE_MS] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLIENT_REQUESTS] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLIENT_DISCONNECTED] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLIENT_BUDGET] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_CLIENT_REFUSED] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_client_set = {
	.name = "client",
	.attrs = client_attrs,
	.policy = client_policy,
	.max = DITTO_A_CLIENT_MAX,
};

static const struct spec_attr stat_attrs[] = {
	[DITTO_A_STAT_GROUP] = {
		.name = "group",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_STAT_OP] = {
		.name = "op",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_STAT_CALLS] = {
		.name = "calls",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STAT_ERRORS] = {
		.name = "errors",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STAT_NANOSECONDS] = {
		.name = "nanoseconds",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STAT_BYTES] = {
		.name = "bytes",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STAT_TIMES] = {
		.name = "times",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
};

static const struct nla_policy stat_policy[] = {
	[DITTO_A_STAT_GROUP] = {
		.type = NLA_STRING,
	},
	[DITTO_A_STAT_OP] = {
		.type = NLA_STRING,
	},
	[DITTO_A_STAT_CALLS] = {
		.type = NLA_U64,
	},
	[DITTO_A_STAT_ERRORS] = {
		.type = NLA_U64,
	},
	[DITTO_A_STAT_NANOSECONDS] = {
		.type = NLA_U64,
	},
	[DITTO_A_STAT_BYTES] = {
		.type = NLA_U64,
	},
	[DITTO_A_STAT_TIMES] = {
		.type = NLA_BINARY,
	},
};

const struct spec_set spec_stat_set = {
	.name = "stat",
	.attrs = stat_attrs,
	.policy = stat_policy,
	.max = DITTO_A_STAT_MAX,
};

static const struct spec_attr traffic_attrs[] = {
	[DITTO_A_TRAFFIC_NUMBER] = {
		.name = "number",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TRAFFIC_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_TRAFFIC_CLIENT] = {
		.name = "client",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_TRAFFIC_REQUESTS] = {
		.name = "requests",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TRAFFIC_NANOSECONDS] = {
		.name = "nanoseconds",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TRAFFIC_READ] = {
		.name = "read",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TRAFFIC_WRITTEN] = {
		.name = "written",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TRAFFIC_TIMES] = {
		.name = "times",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
};

static const struct nla_policy traffic_policy[] = {
	[DITTO_A_TRAFFIC_NUMBER] = {
		.type = NLA_U64,
	},
	[DITTO_A_TRAFFIC_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_TRAFFIC_CLIENT] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_TRAFFIC_REQUESTS] = {
		.type = NLA_U64,
	},
	[DITTO_A_TRAFFIC_NANOSECONDS] = {
		.type = NLA_U64,
	},
	[DITTO_A_TRAFFIC_READ] = {
		.type = NLA_U64,
	},
	[DITTO_A_TRAFFIC_WRITTEN] = {
		.type = NLA_U64,
	},
	[DITTO_A_TRAFFIC_TIMES] = {
		.type = NLA_BINARY,
	},
};

const struct spec_set spec_traffic_set = {
	.name = "traffic",
	.attrs = traffic_attrs,
	.policy = traffic_policy,
	.max = DITTO_A_TRAFFIC_MAX,
};

static const struct spec_attr event_attrs[] = {
	[DITTO_A_EVENT_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_event_kind,
	},
	[DITTO_A_EVENT_SUBJECT] = {
		.name = "subject",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_EVENT_TIME] = {
		.name = "time",
		.kind = SPEC_U64,
		.form = SPEC_TIME_NS,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy event_policy[] = {
	[DITTO_A_EVENT_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_EVENT_SUBJECT] = {
		.type = NLA_STRING,
	},
	[DITTO_A_EVENT_TIME] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_event_set = {
	.name = "event",
	.attrs = event_attrs,
	.policy = event_policy,
	.max = DITTO_A_EVENT_MAX,
};

static const struct spec_attr upcall_attrs[] = {
	[DITTO_A_UPCALL_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_upcall_kind,
	},
	[DITTO_A_UPCALL_DEADLINE_MS] = {
		.name = "deadline-ms",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_UPCALL_ERROR] = {
		.name = "error",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4095ULL,
	},
	[DITTO_A_UPCALL_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_UPCALL_HOST_NAME] = {
		.name = "host-name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.multi = true,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_NETGROUP] = {
		.name = "netgroup",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_MEMBER] = {
		.name = "member",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_UID] = {
		.name = "uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_UPCALL_GIDS] = {
		.name = "gids",
		.kind = SPEC_BINARY,
		.form = SPEC_NUMBERS,
	},
	[DITTO_A_UPCALL_RECORD_TYPE] = {
		.name = "record-type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_record_type,
	},
	[DITTO_A_UPCALL_RECORD_KEY] = {
		.name = "record-key",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_RECORD_DATA] = {
		.name = "record-data",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_AUTH_ID] = {
		.name = "auth-id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_TOKEN] = {
		.name = "token",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_PEER] = {
		.name = "peer",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_UPCALL_DONE] = {
		.name = "done",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_GID] = {
		.name = "gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_UPCALL_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 511,
	},
	[DITTO_A_UPCALL_DOMAIN] = {
		.name = "domain",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_SID] = {
		.name = "sid",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_KEY] = {
		.name = "key",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_EXPIRES] = {
		.name = "expires",
		.kind = SPEC_U64,
		.form = SPEC_TIME_S,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_GUEST] = {
		.name = "guest",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_ANONYMOUS] = {
		.name = "anonymous",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_PIPE] = {
		.name = "pipe",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_PIPE_NAME] = {
		.name = "pipe-name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_DATA] = {
		.name = "data",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
		.multi = true,
	},
	[DITTO_A_UPCALL_SIDS] = {
		.name = "sids",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
		.multi = true,
	},
	[DITTO_A_UPCALL_SIDS_COMPLETE] = {
		.name = "sids-complete",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_PRIVILEGES] = {
		.name = "privileges",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_token_privilege,
	},
	[DITTO_A_UPCALL_LOGIN] = {
		.name = "login",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_login_kind,
	},
	[DITTO_A_UPCALL_AUDIT_EVENT] = {
		.name = "audit-event",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_audit_kind,
	},
	[DITTO_A_UPCALL_GRANTED] = {
		.name = "granted",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_UPCALL_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_UPCALL_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_UPCALL_CLIENT] = {
		.name = "client",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_UPCALL_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 31,
	},
	[DITTO_A_UPCALL_TIME] = {
		.name = "time",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_LOST] = {
		.name = "lost",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_RECALL] = {
		.name = "recall",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_COOKIE] = {
		.name = "cookie",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_UPCALL_FILE_SIZE] = {
		.name = "file-size",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_OFFSET] = {
		.name = "offset",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_LENGTH] = {
		.name = "length",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_ERROR_TEXT] = {
		.name = "error-text",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 511,
	},
	[DITTO_A_UPCALL_FILE_SYSTEM] = {
		.name = "file-system",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_SESSION] = {
		.name = "session",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_UPCALL_SCAN] = {
		.name = "scan",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy upcall_policy[] = {
	[DITTO_A_UPCALL_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_DEADLINE_MS] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_ERROR] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_HOST_NAME] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_NETGROUP] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_MEMBER] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_GIDS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_RECORD_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_RECORD_KEY] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_RECORD_DATA] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_AUTH_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_TOKEN] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_PEER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_UPCALL_DONE] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_USER] = {
		.type = NLA_STRING,
		.maxlen = 512,
	},
	[DITTO_A_UPCALL_DOMAIN] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_SID] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_KEY] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_EXPIRES] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_GUEST] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_ANONYMOUS] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_PIPE] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_PIPE_NAME] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_DATA] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_SIDS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_SIDS_COMPLETE] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_PRIVILEGES] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_LOGIN] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_AUDIT_EVENT] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_GRANTED] = {
		.type = NLA_U8,
	},
	[DITTO_A_UPCALL_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_UPCALL_SHARE] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_UPCALL_CLIENT] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_UPCALL_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 32,
	},
	[DITTO_A_UPCALL_TIME] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_LOST] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_RECALL] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_COOKIE] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_UPCALL_FILE_SIZE] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_OFFSET] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_LENGTH] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_ERROR_TEXT] = {
		.type = NLA_STRING,
		.maxlen = 512,
	},
	[DITTO_A_UPCALL_FILE_SYSTEM] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_SESSION] = {
		.type = NLA_U64,
	},
	[DITTO_A_UPCALL_SCAN] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_upcall_set = {
	.name = "upcall",
	.attrs = upcall_attrs,
	.policy = upcall_policy,
	.max = DITTO_A_UPCALL_MAX,
};

static const struct spec_attr state_attrs[] = {
	[DITTO_A_STATE_INSTANCE] = {
		.name = "instance",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STATE_EPOCH] = {
		.name = "epoch",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_STATE_CLEAN] = {
		.name = "clean",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_STATE_AUTH_HELLO] = {
		.name = "auth-hello",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_STATE_KINDS] = {
		.name = "kinds",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy state_policy[] = {
	[DITTO_A_STATE_INSTANCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_STATE_EPOCH] = {
		.type = NLA_U64,
	},
	[DITTO_A_STATE_CLEAN] = {
		.type = NLA_U8,
	},
	[DITTO_A_STATE_AUTH_HELLO] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_STATE_KINDS] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_state_set = {
	.name = "state",
	.attrs = state_attrs,
	.policy = state_policy,
	.max = DITTO_A_STATE_MAX,
};

static const struct spec_attr record_attrs[] = {
	[DITTO_A_RECORD_INSTANCE] = {
		.name = "instance",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_RECORD_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_record_type,
	},
	[DITTO_A_RECORD_KEY] = {
		.name = "key",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_RECORD_DATA] = {
		.name = "data",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
};

static const struct nla_policy record_policy[] = {
	[DITTO_A_RECORD_INSTANCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_RECORD_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_RECORD_KEY] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_RECORD_DATA] = {
		.type = NLA_BINARY,
	},
};

const struct spec_set spec_record_set = {
	.name = "record",
	.attrs = record_attrs,
	.policy = record_policy,
	.max = DITTO_A_RECORD_MAX,
};

static const struct spec_attr claim_attrs[] = {
	[DITTO_A_CLAIM_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLAIM_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_claim_type,
	},
	[DITTO_A_CLAIM_STATE] = {
		.name = "state",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_claim_state,
	},
	[DITTO_A_CLAIM_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CLAIM_CLIENT] = {
		.name = "client",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 127,
	},
	[DITTO_A_CLAIM_OWNER] = {
		.name = "owner",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_CLAIM_OWNER_NAME] = {
		.name = "owner-name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CLAIM_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CLAIM_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_CLAIM_FIRST] = {
		.name = "first",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLAIM_LAST] = {
		.name = "last",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLAIM_EXCLUSIVE] = {
		.name = "exclusive",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_CLAIM_DISCIPLINE] = {
		.name = "discipline",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_range_discipline,
	},
	[DITTO_A_CLAIM_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_CLAIM_DENY] = {
		.name = "deny",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_CLAIM_LEASE] = {
		.name = "lease",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_lease_right,
	},
	[DITTO_A_CLAIM_KEEP] = {
		.name = "keep",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_lease_right,
	},
	[DITTO_A_CLAIM_BREAK_LEFT_MS] = {
		.name = "break-left-ms",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLAIM_SINCE] = {
		.name = "since",
		.kind = SPEC_U64,
		.form = SPEC_TIME_S,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CLAIM_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_CLAIM_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
};

static const struct nla_policy claim_policy[] = {
	[DITTO_A_CLAIM_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLAIM_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_STATE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_PROTOCOL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CLAIM_CLIENT] = {
		.type = NLA_STRING,
		.maxlen = 128,
	},
	[DITTO_A_CLAIM_OWNER] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_CLAIM_OWNER_NAME] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CLAIM_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CLAIM_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_CLAIM_FIRST] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLAIM_LAST] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLAIM_EXCLUSIVE] = {
		.type = NLA_U8,
	},
	[DITTO_A_CLAIM_DISCIPLINE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_DENY] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_LEASE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_KEEP] = {
		.type = NLA_U32,
	},
	[DITTO_A_CLAIM_BREAK_LEFT_MS] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLAIM_SINCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_CLAIM_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_CLAIM_USER] = {
		.type = NLA_STRING,
	},
};

const struct spec_set spec_claim_set = {
	.name = "claim",
	.attrs = claim_attrs,
	.policy = claim_policy,
	.max = DITTO_A_CLAIM_MAX,
};

static const struct spec_attr conflict_side_attrs[] = {
	[DITTO_A_CONFLICT_SIDE_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONFLICT_SIDE_CLIENT] = {
		.name = "client",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONFLICT_SIDE_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_CONFLICT_SIDE_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONFLICT_SIDE_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_claim_type,
	},
	[DITTO_A_CONFLICT_SIDE_FIRST] = {
		.name = "first",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONFLICT_SIDE_LAST] = {
		.name = "last",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONFLICT_SIDE_EXCLUSIVE] = {
		.name = "exclusive",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_CONFLICT_SIDE_DISCIPLINE] = {
		.name = "discipline",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_range_discipline,
	},
	[DITTO_A_CONFLICT_SIDE_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_CONFLICT_SIDE_DENY] = {
		.name = "deny",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_CONFLICT_SIDE_LEASE] = {
		.name = "lease",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_lease_right,
	},
};

static const struct nla_policy conflict_side_policy[] = {
	[DITTO_A_CONFLICT_SIDE_PROTOCOL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONFLICT_SIDE_CLIENT] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONFLICT_SIDE_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_CONFLICT_SIDE_USER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONFLICT_SIDE_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_SIDE_FIRST] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONFLICT_SIDE_LAST] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONFLICT_SIDE_EXCLUSIVE] = {
		.type = NLA_U8,
	},
	[DITTO_A_CONFLICT_SIDE_DISCIPLINE] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_SIDE_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_SIDE_DENY] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_SIDE_LEASE] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_conflict_side_set = {
	.name = "conflict-side",
	.attrs = conflict_side_attrs,
	.policy = conflict_side_policy,
	.max = DITTO_A_CONFLICT_SIDE_MAX,
};

static const struct spec_attr conflict_attrs[] = {
	[DITTO_A_CONFLICT_NUMBER] = {
		.name = "number",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONFLICT_TIME] = {
		.name = "time",
		.kind = SPEC_U64,
		.form = SPEC_TIME_NS,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONFLICT_LAST] = {
		.name = "last",
		.kind = SPEC_U64,
		.form = SPEC_TIME_NS,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONFLICT_COUNT] = {
		.name = "count",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_CONFLICT_OPERATION] = {
		.name = "operation",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_conflict_operation,
	},
	[DITTO_A_CONFLICT_OUTCOME] = {
		.name = "outcome",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_conflict_outcome,
	},
	[DITTO_A_CONFLICT_MS] = {
		.name = "ms",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_CONFLICT_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONFLICT_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONFLICT_ASKED] = {
		.name = "asked",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_conflict_side_set,
	},
	[DITTO_A_CONFLICT_HELD] = {
		.name = "held",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_conflict_side_set,
	},
};

static const struct nla_policy conflict_policy[] = {
	[DITTO_A_CONFLICT_NUMBER] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONFLICT_TIME] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONFLICT_LAST] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONFLICT_COUNT] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_OPERATION] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_OUTCOME] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_MS] = {
		.type = NLA_U32,
	},
	[DITTO_A_CONFLICT_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONFLICT_PATH] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONFLICT_ASKED] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_CONFLICT_HELD] = {
		.type = NLA_NESTED,
	},
};

const struct spec_set spec_conflict_set = {
	.name = "conflict",
	.attrs = conflict_attrs,
	.policy = conflict_policy,
	.max = DITTO_A_CONFLICT_MAX,
};

static const struct spec_attr lock_client_attrs[] = {
	[DITTO_A_LOCK_CLIENT_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 127,
	},
	[DITTO_A_LOCK_CLIENT_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_LOCK_CLIENT_RANGES] = {
		.name = "ranges",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_OPENS] = {
		.name = "opens",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_LEASES] = {
		.name = "leases",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_WAITS] = {
		.name = "waits",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_OWNERS] = {
		.name = "owners",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_CONNECTIONS] = {
		.name = "connections",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_LOCK_CLIENT_RELEASED] = {
		.name = "released",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_LOCK_CLIENT_COURTESY] = {
		.name = "courtesy",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS] = {
		.name = "delegations",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_GRANTED] = {
		.name = "delegations-granted",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_RECALLED] = {
		.name = "delegations-recalled",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_RETURNED] = {
		.name = "delegations-returned",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_REVOKED] = {
		.name = "delegations-revoked",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_RECALL_MS] = {
		.name = "recall-ms",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_LOCK_CLIENT_RECALL_MAX_MS] = {
		.name = "recall-max-ms",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy lock_client_policy[] = {
	[DITTO_A_LOCK_CLIENT_NAME] = {
		.type = NLA_STRING,
		.maxlen = 128,
	},
	[DITTO_A_LOCK_CLIENT_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_LOCK_CLIENT_RANGES] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_OPENS] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_LEASES] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_WAITS] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_OWNERS] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_CONNECTIONS] = {
		.type = NLA_U32,
	},
	[DITTO_A_LOCK_CLIENT_RELEASED] = {
		.type = NLA_U32,
	},
	[DITTO_A_LOCK_CLIENT_COURTESY] = {
		.type = NLA_U8,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_GRANTED] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_RECALLED] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_RETURNED] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_DELEGATIONS_REVOKED] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_RECALL_MS] = {
		.type = NLA_U64,
	},
	[DITTO_A_LOCK_CLIENT_RECALL_MAX_MS] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_lock_client_set = {
	.name = "lock-client",
	.attrs = lock_client_attrs,
	.policy = lock_client_policy,
	.max = DITTO_A_LOCK_CLIENT_MAX,
};

static const struct spec_attr grace_attrs[] = {
	[DITTO_A_GRACE_ACTIVE] = {
		.name = "active",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_GRACE_LEFT_MS] = {
		.name = "left-ms",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_GRACE_KNOWN] = {
		.name = "known",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_GRACE_RECLAIMED] = {
		.name = "reclaimed",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_GRACE_EPOCH] = {
		.name = "epoch",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_GRACE_STATE] = {
		.name = "state",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_grace_state,
	},
	[DITTO_A_GRACE_OTHERS] = {
		.name = "others",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_grace_others,
	},
};

static const struct nla_policy grace_policy[] = {
	[DITTO_A_GRACE_ACTIVE] = {
		.type = NLA_U8,
	},
	[DITTO_A_GRACE_LEFT_MS] = {
		.type = NLA_U64,
	},
	[DITTO_A_GRACE_KNOWN] = {
		.type = NLA_U32,
	},
	[DITTO_A_GRACE_RECLAIMED] = {
		.type = NLA_U32,
	},
	[DITTO_A_GRACE_EPOCH] = {
		.type = NLA_U64,
	},
	[DITTO_A_GRACE_STATE] = {
		.type = NLA_U32,
	},
	[DITTO_A_GRACE_OTHERS] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_grace_set = {
	.name = "grace",
	.attrs = grace_attrs,
	.policy = grace_policy,
	.max = DITTO_A_GRACE_MAX,
};

static const struct spec_attr session_attrs[] = {
	[DITTO_A_SESSION_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SESSION_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_SESSION_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_DOMAIN] = {
		.name = "domain",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_GUEST] = {
		.name = "guest",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_SESSION_ADDRESS] = {
		.name = "address",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.multi = true,
	},
	[DITTO_A_SESSION_DIALECT] = {
		.name = "dialect",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_SIGNING] = {
		.name = "signing",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_ENCRYPTION] = {
		.name = "encryption",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_SINCE] = {
		.name = "since",
		.kind = SPEC_U64,
		.form = SPEC_TIME_S,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SESSION_SHARES] = {
		.name = "shares",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SESSION_OPENS] = {
		.name = "opens",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SESSION_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.multi = true,
	},
	[DITTO_A_SESSION_SOFTWARE] = {
		.name = "software",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SESSION_LOGIN] = {
		.name = "login",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_login_kind,
	},
};

static const struct nla_policy session_policy[] = {
	[DITTO_A_SESSION_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_SESSION_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_SESSION_USER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_DOMAIN] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_GUEST] = {
		.type = NLA_U8,
	},
	[DITTO_A_SESSION_ADDRESS] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_DIALECT] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_SIGNING] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_ENCRYPTION] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_SINCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_SESSION_SHARES] = {
		.type = NLA_U32,
	},
	[DITTO_A_SESSION_OPENS] = {
		.type = NLA_U32,
	},
	[DITTO_A_SESSION_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_SOFTWARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SESSION_LOGIN] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_session_set = {
	.name = "session",
	.attrs = session_attrs,
	.policy = session_policy,
	.max = DITTO_A_SESSION_MAX,
};

static const struct spec_attr open_attrs[] = {
	[DITTO_A_OPEN_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OPEN_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_OPEN_SESSION] = {
		.name = "session",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OPEN_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_OPEN_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_OPEN_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_OPEN_ACCESS] = {
		.name = "access",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_OPEN_DENY] = {
		.name = "deny",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_right,
	},
	[DITTO_A_OPEN_DELETE_PENDING] = {
		.name = "delete-pending",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_OPEN_SINCE] = {
		.name = "since",
		.kind = SPEC_U64,
		.form = SPEC_TIME_S,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OPEN_WAITS_S] = {
		.name = "waits-s",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_OPEN_DURABILITY] = {
		.name = "durability",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_open_durability,
	},
};

static const struct nla_policy open_policy[] = {
	[DITTO_A_OPEN_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_OPEN_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_OPEN_SESSION] = {
		.type = NLA_U64,
	},
	[DITTO_A_OPEN_USER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_OPEN_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_OPEN_PATH] = {
		.type = NLA_STRING,
	},
	[DITTO_A_OPEN_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_OPEN_DENY] = {
		.type = NLA_U32,
	},
	[DITTO_A_OPEN_DELETE_PENDING] = {
		.type = NLA_U8,
	},
	[DITTO_A_OPEN_SINCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_OPEN_WAITS_S] = {
		.type = NLA_U32,
	},
	[DITTO_A_OPEN_DURABILITY] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_open_set = {
	.name = "open",
	.attrs = open_attrs,
	.policy = open_policy,
	.max = DITTO_A_OPEN_MAX,
};

static const struct spec_attr tree_attrs[] = {
	[DITTO_A_TREE_ID] = {
		.name = "id",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_TREE_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_TREE_SESSION] = {
		.name = "session",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_TREE_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_TREE_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_TREE_WRITABLE] = {
		.name = "writable",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_TREE_ENCRYPT] = {
		.name = "encrypt",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
};

static const struct nla_policy tree_policy[] = {
	[DITTO_A_TREE_ID] = {
		.type = NLA_U32,
	},
	[DITTO_A_TREE_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_TREE_SESSION] = {
		.type = NLA_U64,
	},
	[DITTO_A_TREE_USER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_TREE_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_TREE_WRITABLE] = {
		.type = NLA_U8,
	},
	[DITTO_A_TREE_ENCRYPT] = {
		.type = NLA_U8,
	},
};

const struct spec_set spec_tree_set = {
	.name = "tree",
	.attrs = tree_attrs,
	.policy = tree_policy,
	.max = DITTO_A_TREE_MAX,
};

static const struct spec_attr connection_attrs[] = {
	[DITTO_A_CONNECTION_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_CONNECTION_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_CONNECTION_ADDRESS] = {
		.name = "address",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONNECTION_LOCAL] = {
		.name = "local",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONNECTION_SECURITY] = {
		.name = "security",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_CONNECTION_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_CONNECTION_COOKIE] = {
		.name = "cookie",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 1,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy connection_policy[] = {
	[DITTO_A_CONNECTION_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_CONNECTION_PROTOCOL] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_CONNECTION_ADDRESS] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONNECTION_LOCAL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONNECTION_SECURITY] = {
		.type = NLA_STRING,
	},
	[DITTO_A_CONNECTION_NAME] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_CONNECTION_COOKIE] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_connection_set = {
	.name = "connection",
	.attrs = connection_attrs,
	.policy = connection_policy,
	.max = DITTO_A_CONNECTION_MAX,
};

static const struct spec_attr setting_change_attrs[] = {
	[DITTO_A_SETTING_CHANGE_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 31,
	},
	[DITTO_A_SETTING_CHANGE_OWNER] = {
		.name = "owner",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 15,
	},
	[DITTO_A_SETTING_CHANGE_VALUE] = {
		.name = "value",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy setting_change_policy[] = {
	[DITTO_A_SETTING_CHANGE_NAME] = {
		.type = NLA_STRING,
		.maxlen = 32,
	},
	[DITTO_A_SETTING_CHANGE_OWNER] = {
		.type = NLA_STRING,
		.maxlen = 16,
	},
	[DITTO_A_SETTING_CHANGE_VALUE] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_setting_change_set = {
	.name = "setting-change",
	.attrs = setting_change_attrs,
	.policy = setting_change_policy,
	.max = DITTO_A_SETTING_CHANGE_MAX,
};

static const struct spec_attr setting_attrs[] = {
	[DITTO_A_SETTING_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SETTING_OWNER] = {
		.name = "owner",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SETTING_VALUE] = {
		.name = "value",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SETTING_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_setting_type,
	},
	[DITTO_A_SETTING_LOWEST] = {
		.name = "lowest",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SETTING_HIGHEST] = {
		.name = "highest",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SETTING_INITIAL] = {
		.name = "initial",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_SETTING_VALUES] = {
		.name = "values",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
};

static const struct nla_policy setting_policy[] = {
	[DITTO_A_SETTING_NAME] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SETTING_OWNER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SETTING_VALUE] = {
		.type = NLA_U32,
	},
	[DITTO_A_SETTING_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_SETTING_LOWEST] = {
		.type = NLA_U32,
	},
	[DITTO_A_SETTING_HIGHEST] = {
		.type = NLA_U32,
	},
	[DITTO_A_SETTING_INITIAL] = {
		.type = NLA_U32,
	},
	[DITTO_A_SETTING_VALUES] = {
		.type = NLA_STRING,
	},
};

const struct spec_set spec_setting_set = {
	.name = "setting",
	.attrs = setting_attrs,
	.policy = setting_policy,
	.max = DITTO_A_SETTING_MAX,
};

static const struct spec_attr ace_attrs[] = {
	[DITTO_A_ACE_TYPE] = {
		.name = "type",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_entry_type,
	},
	[DITTO_A_ACE_WHO] = {
		.name = "who",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_entry_who,
	},
	[DITTO_A_ACE_ID] = {
		.name = "id",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACE_SID] = {
		.name = "sid",
		.kind = SPEC_BINARY,
		.form = SPEC_SID,
	},
	[DITTO_A_ACE_FLAGS] = {
		.name = "flags",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_entry_flag,
	},
	[DITTO_A_ACE_RIGHTS] = {
		.name = "rights",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_right,
	},
};

static const struct nla_policy ace_policy[] = {
	[DITTO_A_ACE_TYPE] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACE_WHO] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACE_ID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACE_SID] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_ACE_FLAGS] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACE_RIGHTS] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_ace_set = {
	.name = "ace",
	.attrs = ace_attrs,
	.policy = ace_policy,
	.max = DITTO_A_ACE_MAX,
};

static const struct spec_attr acl_attrs[] = {
	[DITTO_A_ACL_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_ACL_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_ACL_DIRECTORY] = {
		.name = "directory",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACL_UID] = {
		.name = "uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACL_GID] = {
		.name = "gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACL_MODE] = {
		.name = "mode",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACL_SOURCE] = {
		.name = "source",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_source,
	},
	[DITTO_A_ACL_FLAGS] = {
		.name = "flags",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_flag,
	},
	[DITTO_A_ACL_ACE] = {
		.name = "ace",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_ace_set,
	},
	[DITTO_A_ACL_REMOVE] = {
		.name = "remove",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACL_ALWAYS] = {
		.name = "always",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACL_DRY_RUN] = {
		.name = "dry-run",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACL_RESULT] = {
		.name = "result",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_import_result,
	},
};

static const struct nla_policy acl_policy[] = {
	[DITTO_A_ACL_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_ACL_SHARE] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_ACL_DIRECTORY] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACL_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACL_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACL_MODE] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACL_SOURCE] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACL_FLAGS] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACL_ACE] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_ACL_REMOVE] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACL_ALWAYS] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACL_DRY_RUN] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACL_RESULT] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_acl_set = {
	.name = "acl",
	.attrs = acl_attrs,
	.policy = acl_policy,
	.max = DITTO_A_ACL_MAX,
};

static const struct spec_attr decision_attrs[] = {
	[DITTO_A_DECISION_NAME] = {
		.name = "name",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_DECISION_RIGHT] = {
		.name = "right",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_acl_right,
	},
	[DITTO_A_DECISION_GRANTED] = {
		.name = "granted",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_DECISION_REASON] = {
		.name = "reason",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_access_reason,
	},
	[DITTO_A_DECISION_NUMBER] = {
		.name = "number",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_DECISION_ACE] = {
		.name = "ace",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_ace_set,
	},
	[DITTO_A_DECISION_BY_OWNER] = {
		.name = "by-owner",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_DECISION_NO_LIST] = {
		.name = "no-list",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_DECISION_CLASS] = {
		.name = "class",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_access_class,
	},
	[DITTO_A_DECISION_CLASS_ID] = {
		.name = "class-id",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_DECISION_BITS] = {
		.name = "bits",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_mode_bit,
	},
	[DITTO_A_DECISION_NEED] = {
		.name = "need",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_mode_bit,
	},
	[DITTO_A_DECISION_OWN_LIST] = {
		.name = "own-list",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_DECISION_OWN_NUMBER] = {
		.name = "own-number",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_DECISION_OWN_ACE] = {
		.name = "own-ace",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.nested = &spec_ace_set,
	},
};

static const struct nla_policy decision_policy[] = {
	[DITTO_A_DECISION_NAME] = {
		.type = NLA_STRING,
	},
	[DITTO_A_DECISION_RIGHT] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_GRANTED] = {
		.type = NLA_U8,
	},
	[DITTO_A_DECISION_REASON] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_NUMBER] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_ACE] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_DECISION_BY_OWNER] = {
		.type = NLA_U8,
	},
	[DITTO_A_DECISION_NO_LIST] = {
		.type = NLA_U8,
	},
	[DITTO_A_DECISION_CLASS] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_CLASS_ID] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_BITS] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_NEED] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_OWN_LIST] = {
		.type = NLA_U8,
	},
	[DITTO_A_DECISION_OWN_NUMBER] = {
		.type = NLA_U32,
	},
	[DITTO_A_DECISION_OWN_ACE] = {
		.type = NLA_NESTED,
	},
};

const struct spec_set spec_decision_set = {
	.name = "decision",
	.attrs = decision_attrs,
	.policy = decision_policy,
	.max = DITTO_A_DECISION_MAX,
};

static const struct spec_attr access_attrs[] = {
	[DITTO_A_ACCESS_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_ACCESS_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_ACCESS_DIRECTORY] = {
		.name = "directory",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_UID] = {
		.name = "uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_GID] = {
		.name = "gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_GIDS] = {
		.name = "gids",
		.kind = SPEC_BINARY,
		.form = SPEC_NUMBERS,
	},
	[DITTO_A_ACCESS_ANONYMOUS] = {
		.name = "anonymous",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_PROVEN] = {
		.name = "proven",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_LOGINS] = {
		.name = "logins",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_FLAVOR] = {
		.name = "flavor",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_flavor,
	},
	[DITTO_A_ACCESS_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_ACCESS_REFUSED] = {
		.name = "refused",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_access_refusal,
	},
	[DITTO_A_ACCESS_RULE] = {
		.name = "rule",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_ACCESS_RULE_NUMBER] = {
		.name = "rule-number",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_RULE_ACCESS] = {
		.name = "rule-access",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_access_right,
	},
	[DITTO_A_ACCESS_HAS_RULES] = {
		.name = "has-rules",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_READ_ONLY] = {
		.name = "read-only",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_SQUASH] = {
		.name = "squash",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_squash_mode,
	},
	[DITTO_A_ACCESS_GRANT] = {
		.name = "grant",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_share_right,
	},
	[DITTO_A_ACCESS_GRANT_BY] = {
		.name = "grant-by",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_grant_source,
	},
	[DITTO_A_ACCESS_GRANT_ID] = {
		.name = "grant-id",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_WRITABLE] = {
		.name = "writable",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_ACTING_UID] = {
		.name = "acting-uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_ACTING_GID] = {
		.name = "acting-gid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_ACCESS_ACTING_GIDS] = {
		.name = "acting-gids",
		.kind = SPEC_BINARY,
		.form = SPEC_NUMBERS,
	},
	[DITTO_A_ACCESS_ADMIN] = {
		.name = "admin",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_GUEST] = {
		.name = "guest",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_OWNS] = {
		.name = "owns",
		.kind = SPEC_U8,
		.form = SPEC_BOOL,
		.min = 0,
		.max = 1ULL,
	},
	[DITTO_A_ACCESS_STEP] = {
		.name = "step",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_decision_set,
	},
	[DITTO_A_ACCESS_DECISION] = {
		.name = "decision",
		.kind = SPEC_NEST,
		.form = SPEC_PLAIN,
		.multi = true,
		.nested = &spec_decision_set,
	},
	[DITTO_A_ACCESS_GRANT_SID] = {
		.name = "grant-sid",
		.kind = SPEC_BINARY,
		.form = SPEC_SID,
	},
	[DITTO_A_ACCESS_LOGIN] = {
		.name = "login",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_login_kind,
	},
	[DITTO_A_ACCESS_PRIVILEGES] = {
		.name = "privileges",
		.kind = SPEC_U32,
		.form = SPEC_FLAGS,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_token_privilege,
	},
};

static const struct nla_policy access_policy[] = {
	[DITTO_A_ACCESS_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_ACCESS_SHARE] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_ACCESS_DIRECTORY] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_GIDS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_ACCESS_ANONYMOUS] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_PROVEN] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_LOGINS] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_FLAVOR] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_ACCESS_REFUSED] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_RULE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_ACCESS_RULE_NUMBER] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_RULE_ACCESS] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_HAS_RULES] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_READ_ONLY] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_SQUASH] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_GRANT] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_GRANT_BY] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_GRANT_ID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_WRITABLE] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_ACTING_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_ACTING_GID] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_ACTING_GIDS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_ACCESS_ADMIN] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_GUEST] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_OWNS] = {
		.type = NLA_U8,
	},
	[DITTO_A_ACCESS_STEP] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_ACCESS_DECISION] = {
		.type = NLA_NESTED,
	},
	[DITTO_A_ACCESS_GRANT_SID] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_ACCESS_LOGIN] = {
		.type = NLA_U32,
	},
	[DITTO_A_ACCESS_PRIVILEGES] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_access_set = {
	.name = "access",
	.attrs = access_attrs,
	.policy = access_policy,
	.max = DITTO_A_ACCESS_MAX,
};

static const struct spec_attr nested_attrs[] = {
	[DITTO_A_NESTED_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_NESTED_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_NESTED_FS_TYPE] = {
		.name = "fs-type",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_NESTED_FSID] = {
		.name = "fsid",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_NESTED_STATE] = {
		.name = "state",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_nested_state,
	},
};

static const struct nla_policy nested_policy[] = {
	[DITTO_A_NESTED_SHARE] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_NESTED_PATH] = {
		.type = NLA_STRING,
	},
	[DITTO_A_NESTED_FS_TYPE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_NESTED_FSID] = {
		.type = NLA_STRING,
	},
	[DITTO_A_NESTED_STATE] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_nested_set = {
	.name = "nested",
	.attrs = nested_attrs,
	.policy = nested_policy,
	.max = DITTO_A_NESTED_MAX,
};

static const struct spec_attr job_attrs[] = {
	[DITTO_A_JOB_ID] = {
		.name = "id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 1,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_JOB_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_JOB_CLIENT] = {
		.name = "client",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_JOB_UID] = {
		.name = "uid",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_JOB_SINCE] = {
		.name = "since",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_JOB_DONE] = {
		.name = "done",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_JOB_SIZE] = {
		.name = "size",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_JOB_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_JOB_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_JOB_TARGET_SHARE] = {
		.name = "target-share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_JOB_TARGET_PATH] = {
		.name = "target-path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
};

static const struct nla_policy job_policy[] = {
	[DITTO_A_JOB_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_JOB_PROTOCOL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_JOB_CLIENT] = {
		.type = NLA_STRING,
	},
	[DITTO_A_JOB_UID] = {
		.type = NLA_U32,
	},
	[DITTO_A_JOB_SINCE] = {
		.type = NLA_U64,
	},
	[DITTO_A_JOB_DONE] = {
		.type = NLA_U64,
	},
	[DITTO_A_JOB_SIZE] = {
		.type = NLA_U64,
	},
	[DITTO_A_JOB_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_JOB_PATH] = {
		.type = NLA_STRING,
	},
	[DITTO_A_JOB_TARGET_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_JOB_TARGET_PATH] = {
		.type = NLA_STRING,
	},
};

const struct spec_set spec_job_set = {
	.name = "job",
	.attrs = job_attrs,
	.policy = job_policy,
	.max = DITTO_A_JOB_MAX,
};

static const struct spec_attr offload_attrs[] = {
	[DITTO_A_OFFLOAD_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 4095,
	},
	[DITTO_A_OFFLOAD_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
		.max_len = 255,
	},
	[DITTO_A_OFFLOAD_STATE] = {
		.name = "state",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_offload_state,
	},
	[DITTO_A_OFFLOAD_SIZE] = {
		.name = "size",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_CHANGE] = {
		.name = "change",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_FILE_ID] = {
		.name = "file-id",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_GENERATION] = {
		.name = "generation",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_OFFLOAD_RESIDENT] = {
		.name = "resident",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_OBSTACLE] = {
		.name = "obstacle",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_offload_obstacle,
	},
	[DITTO_A_OFFLOAD_COOKIE] = {
		.name = "cookie",
		.kind = SPEC_BINARY,
		.form = SPEC_HEX,
	},
	[DITTO_A_OFFLOAD_RECALL] = {
		.name = "recall",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_FD] = {
		.name = "fd",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
	[DITTO_A_OFFLOAD_FD_OFFSET] = {
		.name = "fd-offset",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_OFFSET] = {
		.name = "offset",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_LENGTH] = {
		.name = "length",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 1,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_OFFLOAD_DECISION] = {
		.name = "decision",
		.kind = SPEC_U32,
		.form = SPEC_ENUM,
		.min = 0,
		.max = 4294967295ULL,
		.values = &spec_offload_decision,
	},
};

static const struct nla_policy offload_policy[] = {
	[DITTO_A_OFFLOAD_PATH] = {
		.type = NLA_STRING,
		.maxlen = 4096,
	},
	[DITTO_A_OFFLOAD_SHARE] = {
		.type = NLA_STRING,
		.maxlen = 256,
	},
	[DITTO_A_OFFLOAD_STATE] = {
		.type = NLA_U32,
	},
	[DITTO_A_OFFLOAD_SIZE] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_CHANGE] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_FILE_ID] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_GENERATION] = {
		.type = NLA_U32,
	},
	[DITTO_A_OFFLOAD_RESIDENT] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_OBSTACLE] = {
		.type = NLA_U32,
	},
	[DITTO_A_OFFLOAD_COOKIE] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_OFFLOAD_RECALL] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_FD] = {
		.type = NLA_U32,
	},
	[DITTO_A_OFFLOAD_FD_OFFSET] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_OFFSET] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_LENGTH] = {
		.type = NLA_U64,
	},
	[DITTO_A_OFFLOAD_DECISION] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_offload_set = {
	.name = "offload",
	.attrs = offload_attrs,
	.policy = offload_policy,
	.max = DITTO_A_OFFLOAD_MAX,
};

static const struct spec_attr scan_attrs[] = {
	[DITTO_A_SCAN_NUMBER] = {
		.name = "number",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SCAN_FD] = {
		.name = "fd",
		.kind = SPEC_U32,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 4294967295ULL,
	},
};

static const struct nla_policy scan_policy[] = {
	[DITTO_A_SCAN_NUMBER] = {
		.type = NLA_U64,
	},
	[DITTO_A_SCAN_FD] = {
		.type = NLA_U32,
	},
};

const struct spec_set spec_scan_set = {
	.name = "scan",
	.attrs = scan_attrs,
	.policy = scan_policy,
	.max = DITTO_A_SCAN_MAX,
};

static const struct spec_attr slow_call_attrs[] = {
	[DITTO_A_SLOW_CALL_OVER_NS] = {
		.name = "over-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 86400000000000ULL,
	},
	[DITTO_A_SLOW_CALL_LOST] = {
		.name = "lost",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_TIME] = {
		.name = "time",
		.kind = SPEC_U64,
		.form = SPEC_TIME_NS,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_PROTOCOL] = {
		.name = "protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_OPERATION] = {
		.name = "operation",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_ADDRESS] = {
		.name = "address",
		.kind = SPEC_BINARY,
		.form = SPEC_ADDRESS,
	},
	[DITTO_A_SLOW_CALL_USER] = {
		.name = "user",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_SHARE] = {
		.name = "share",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_PATH] = {
		.name = "path",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_FILEID] = {
		.name = "fileid",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_AGAIN] = {
		.name = "again",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_HOLDER_PHASE] = {
		.name = "holder-phase",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_HOLDER_PROTOCOL] = {
		.name = "holder-protocol",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_HOLDER_CLIENT] = {
		.name = "holder-client",
		.kind = SPEC_STRING,
		.form = SPEC_PLAIN,
	},
	[DITTO_A_SLOW_CALL_TOTAL_NS] = {
		.name = "total-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_QUEUE_NS] = {
		.name = "queue-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_BREAK_NS] = {
		.name = "break-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_RANGE_NS] = {
		.name = "range-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_HELPER_NS] = {
		.name = "helper-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_DATA_NS] = {
		.name = "data-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_RUN_NS] = {
		.name = "run-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_SCHED_NS] = {
		.name = "sched-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_SLEEP_NS] = {
		.name = "sleep-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
	[DITTO_A_SLOW_CALL_SEND_NS] = {
		.name = "send-ns",
		.kind = SPEC_U64,
		.form = SPEC_PLAIN,
		.min = 0,
		.max = 18446744073709551615ULL,
	},
};

static const struct nla_policy slow_call_policy[] = {
	[DITTO_A_SLOW_CALL_OVER_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_LOST] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_TIME] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_PROTOCOL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_OPERATION] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_ADDRESS] = {
		.type = NLA_BINARY,
	},
	[DITTO_A_SLOW_CALL_USER] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_SHARE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_PATH] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_FILEID] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_AGAIN] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_HOLDER_PHASE] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_HOLDER_PROTOCOL] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_HOLDER_CLIENT] = {
		.type = NLA_STRING,
	},
	[DITTO_A_SLOW_CALL_TOTAL_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_QUEUE_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_BREAK_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_RANGE_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_HELPER_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_DATA_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_RUN_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_SCHED_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_SLEEP_NS] = {
		.type = NLA_U64,
	},
	[DITTO_A_SLOW_CALL_SEND_NS] = {
		.type = NLA_U64,
	},
};

const struct spec_set spec_slow_call_set = {
	.name = "slow-call",
	.attrs = slow_call_attrs,
	.policy = slow_call_policy,
	.max = DITTO_A_SLOW_CALL_MAX,
};

static const u16 share_new_request[] = {
	DITTO_A_SHARE_NAME,
	DITTO_A_SHARE_PATH,
	DITTO_A_SHARE_ID,
	DITTO_A_SHARE_ANON_UID,
	DITTO_A_SHARE_ANON_GID,
	DITTO_A_SHARE_RULES,
	DITTO_A_SHARE_COMMENT,
	DITTO_A_SHARE_SNAPSHOTS,
	DITTO_A_SHARE_PROTOCOLS,
	DITTO_A_SHARE_LINKS,
	DITTO_A_SHARE_TRASH_EXCLUDE,
	DITTO_A_SHARE_VETO_FILES,
	DITTO_A_SHARE_FORCE_UID,
	DITTO_A_SHARE_FORCE_GID,
	DITTO_A_SHARE_USERS,
	DITTO_A_SHARE_DEFAULT_ACCESS,
	DITTO_A_SHARE_OPTION,
	DITTO_A_SHARE_HOME_UID,
	DITTO_A_SHARE_HOME_DIR,
	DITTO_A_SHARE_HOME_GID,
	0,
};

static const u16 share_set_request[] = {
	DITTO_A_SHARE_NAME,
	DITTO_A_SHARE_ANON_UID,
	DITTO_A_SHARE_ANON_GID,
	DITTO_A_SHARE_RULES,
	DITTO_A_SHARE_COMMENT,
	DITTO_A_SHARE_SNAPSHOTS,
	DITTO_A_SHARE_PROTOCOLS,
	DITTO_A_SHARE_LINKS,
	DITTO_A_SHARE_TRASH_EXCLUDE,
	DITTO_A_SHARE_VETO_FILES,
	DITTO_A_SHARE_FORCE_UID,
	DITTO_A_SHARE_FORCE_GID,
	DITTO_A_SHARE_USERS,
	DITTO_A_SHARE_DEFAULT_ACCESS,
	DITTO_A_SHARE_OPTION,
	0,
};

static const u16 share_del_request[] = {
	DITTO_A_SHARE_NAME,
	0,
};

static const u16 share_get_request[] = {
	DITTO_A_SHARE_NAME,
	DITTO_A_SHARE_SESSION,
	0,
};

static const u16 share_get_reply[] = {
	DITTO_A_SHARE_NAME,
	DITTO_A_SHARE_PATH,
	DITTO_A_SHARE_ID,
	DITTO_A_SHARE_ANON_UID,
	DITTO_A_SHARE_ANON_GID,
	DITTO_A_SHARE_RULES,
	DITTO_A_SHARE_COMMENT,
	DITTO_A_SHARE_SNAPSHOTS,
	DITTO_A_SHARE_PROTOCOLS,
	DITTO_A_SHARE_LINKS,
	DITTO_A_SHARE_TRASH_EXCLUDE,
	DITTO_A_SHARE_VETO_FILES,
	DITTO_A_SHARE_FORCE_UID,
	DITTO_A_SHARE_FORCE_GID,
	DITTO_A_SHARE_USERS,
	DITTO_A_SHARE_DEFAULT_ACCESS,
	DITTO_A_SHARE_OPTION,
	DITTO_A_SHARE_FS_TYPE,
	DITTO_A_SHARE_DEVICE,
	DITTO_A_SHARE_INODE,
	DITTO_A_SHARE_HANDLES,
	DITTO_A_SHARE_HOME_UID,
	0,
};

static const u16 listener_new_request[] = {
	DITTO_A_LISTENER_PROTOCOL,
	DITTO_A_LISTENER_TRANSPORT,
	DITTO_A_LISTENER_ADDRESS,
	DITTO_A_LISTENER_PORT,
	0,
};

static const u16 listener_new_reply[] = {
	DITTO_A_LISTENER_ID,
	0,
};

static const u16 listener_del_request[] = {
	DITTO_A_LISTENER_ID,
	0,
};

static const u16 listener_get_reply[] = {
	DITTO_A_LISTENER_ID,
	DITTO_A_LISTENER_PROTOCOL,
	DITTO_A_LISTENER_TRANSPORT,
	DITTO_A_LISTENER_ADDRESS,
	DITTO_A_LISTENER_PORT,
	DITTO_A_LISTENER_CONNECTIONS,
	0,
};

static const u16 server_set_request[] = {
	DITTO_A_SERVER_SETTING,
	DITTO_A_SERVER_HANDLE_KEY,
	0,
};

static const u16 server_get_reply[] = {
	DITTO_A_SERVER_STARTED,
	DITTO_A_SERVER_HELPER,
	DITTO_A_SERVER_NODES,
	DITTO_A_SERVER_OPEN_FILES,
	DITTO_A_SERVER_PROTOCOLS,
	DITTO_A_SERVER_VERSION,
	DITTO_A_SERVER_EPOCH,
	DITTO_A_SERVER_RANGES,
	DITTO_A_SERVER_OPENS,
	DITTO_A_SERVER_LEASES,
	DITTO_A_SERVER_WAITS,
	0,
};

static const u16 client_get_reply[] = {
	DITTO_A_CLIENT_ADDRESS,
	DITTO_A_CLIENT_PROTOCOLS,
	DITTO_A_CLIENT_CONNECTIONS,
	DITTO_A_CLIENT_SINCE,
	DITTO_A_CLIENT_IDLE_MS,
	DITTO_A_CLIENT_REQUESTS,
	DITTO_A_CLIENT_BUDGET,
	DITTO_A_CLIENT_REFUSED,
	0,
};

static const u16 client_disconnect_request[] = {
	DITTO_A_CLIENT_ADDRESS,
	0,
};

static const u16 client_disconnect_reply[] = {
	DITTO_A_CLIENT_DISCONNECTED,
	0,
};

static const u16 stat_get_reply[] = {
	DITTO_A_STAT_GROUP,
	DITTO_A_STAT_OP,
	DITTO_A_STAT_CALLS,
	DITTO_A_STAT_ERRORS,
	DITTO_A_STAT_NANOSECONDS,
	DITTO_A_STAT_BYTES,
	DITTO_A_STAT_TIMES,
	0,
};

static const u16 helper_register_request[] = {
	DITTO_A_STATE_AUTH_HELLO,
	DITTO_A_STATE_KINDS,
	0,
};

static const u16 helper_register_reply[] = {
	DITTO_A_STATE_INSTANCE,
	DITTO_A_STATE_EPOCH,
	0,
};

static const u16 upcall_reply[] = {
	DITTO_A_UPCALL_ID,
	DITTO_A_UPCALL_TYPE,
	DITTO_A_UPCALL_DEADLINE_MS,
	DITTO_A_UPCALL_ADDRESS,
	DITTO_A_UPCALL_HOST_NAME,
	DITTO_A_UPCALL_NETGROUP,
	DITTO_A_UPCALL_UID,
	DITTO_A_UPCALL_GIDS,
	DITTO_A_UPCALL_RECORD_TYPE,
	DITTO_A_UPCALL_RECORD_KEY,
	DITTO_A_UPCALL_RECORD_DATA,
	DITTO_A_UPCALL_AUTH_ID,
	DITTO_A_UPCALL_TOKEN,
	DITTO_A_UPCALL_PEER,
	DITTO_A_UPCALL_GID,
	DITTO_A_UPCALL_USER,
	DITTO_A_UPCALL_DOMAIN,
	DITTO_A_UPCALL_SID,
	DITTO_A_UPCALL_GUEST,
	DITTO_A_UPCALL_ANONYMOUS,
	DITTO_A_UPCALL_PIPE,
	DITTO_A_UPCALL_PIPE_NAME,
	DITTO_A_UPCALL_SESSION,
	DITTO_A_UPCALL_DATA,
	DITTO_A_UPCALL_AUDIT_EVENT,
	DITTO_A_UPCALL_GRANTED,
	DITTO_A_UPCALL_ACCESS,
	DITTO_A_UPCALL_SHARE,
	DITTO_A_UPCALL_PATH,
	DITTO_A_UPCALL_CLIENT,
	DITTO_A_UPCALL_PROTOCOL,
	DITTO_A_UPCALL_TIME,
	DITTO_A_UPCALL_LOST,
	DITTO_A_UPCALL_RECALL,
	DITTO_A_UPCALL_COOKIE,
	DITTO_A_UPCALL_FILE_SIZE,
	DITTO_A_UPCALL_OFFSET,
	DITTO_A_UPCALL_LENGTH,
	DITTO_A_UPCALL_SCAN,
	0,
};

static const u16 upcall_reply_request[] = {
	DITTO_A_UPCALL_ID,
	DITTO_A_UPCALL_ERROR,
	DITTO_A_UPCALL_HOST_NAME,
	DITTO_A_UPCALL_MEMBER,
	DITTO_A_UPCALL_GIDS,
	DITTO_A_UPCALL_AUTH_ID,
	DITTO_A_UPCALL_TOKEN,
	DITTO_A_UPCALL_DONE,
	DITTO_A_UPCALL_UID,
	DITTO_A_UPCALL_GID,
	DITTO_A_UPCALL_USER,
	DITTO_A_UPCALL_DOMAIN,
	DITTO_A_UPCALL_SID,
	DITTO_A_UPCALL_SIDS,
	DITTO_A_UPCALL_SIDS_COMPLETE,
	DITTO_A_UPCALL_PRIVILEGES,
	DITTO_A_UPCALL_KEY,
	DITTO_A_UPCALL_EXPIRES,
	DITTO_A_UPCALL_GUEST,
	DITTO_A_UPCALL_ANONYMOUS,
	DITTO_A_UPCALL_PIPE,
	DITTO_A_UPCALL_DATA,
	DITTO_A_UPCALL_LOGIN,
	DITTO_A_UPCALL_ERROR_TEXT,
	DITTO_A_UPCALL_GRANTED,
	0,
};

static const u16 event_reply[] = {
	DITTO_A_EVENT_TYPE,
	DITTO_A_EVENT_SUBJECT,
	DITTO_A_EVENT_TIME,
	0,
};

static const u16 record_load_request[] = {
	DITTO_A_RECORD_INSTANCE,
	DITTO_A_RECORD_TYPE,
	DITTO_A_RECORD_KEY,
	DITTO_A_RECORD_DATA,
	0,
};

static const u16 state_begin_request[] = {
	DITTO_A_STATE_INSTANCE,
	DITTO_A_STATE_EPOCH,
	DITTO_A_STATE_CLEAN,
	0,
};

static const u16 claim_get_request[] = {
	DITTO_A_CLAIM_PATH,
	DITTO_A_CLAIM_CLIENT,
	0,
};

static const u16 claim_get_reply[] = {
	DITTO_A_CLAIM_ID,
	DITTO_A_CLAIM_TYPE,
	DITTO_A_CLAIM_STATE,
	DITTO_A_CLAIM_PROTOCOL,
	DITTO_A_CLAIM_CLIENT,
	DITTO_A_CLAIM_OWNER,
	DITTO_A_CLAIM_OWNER_NAME,
	DITTO_A_CLAIM_SHARE,
	DITTO_A_CLAIM_PATH,
	DITTO_A_CLAIM_FIRST,
	DITTO_A_CLAIM_LAST,
	DITTO_A_CLAIM_EXCLUSIVE,
	DITTO_A_CLAIM_DISCIPLINE,
	DITTO_A_CLAIM_ACCESS,
	DITTO_A_CLAIM_DENY,
	DITTO_A_CLAIM_LEASE,
	DITTO_A_CLAIM_KEEP,
	DITTO_A_CLAIM_BREAK_LEFT_MS,
	DITTO_A_CLAIM_SINCE,
	DITTO_A_CLAIM_ADDRESS,
	DITTO_A_CLAIM_USER,
	0,
};

static const u16 claim_release_request[] = {
	DITTO_A_CLAIM_ID,
	0,
};

static const u16 lock_client_get_reply[] = {
	DITTO_A_LOCK_CLIENT_NAME,
	DITTO_A_LOCK_CLIENT_PROTOCOL,
	DITTO_A_LOCK_CLIENT_RANGES,
	DITTO_A_LOCK_CLIENT_OPENS,
	DITTO_A_LOCK_CLIENT_LEASES,
	DITTO_A_LOCK_CLIENT_WAITS,
	DITTO_A_LOCK_CLIENT_OWNERS,
	DITTO_A_LOCK_CLIENT_CONNECTIONS,
	DITTO_A_LOCK_CLIENT_COURTESY,
	DITTO_A_LOCK_CLIENT_DELEGATIONS,
	DITTO_A_LOCK_CLIENT_DELEGATIONS_GRANTED,
	DITTO_A_LOCK_CLIENT_DELEGATIONS_RECALLED,
	DITTO_A_LOCK_CLIENT_DELEGATIONS_RETURNED,
	DITTO_A_LOCK_CLIENT_DELEGATIONS_REVOKED,
	DITTO_A_LOCK_CLIENT_RECALL_MS,
	DITTO_A_LOCK_CLIENT_RECALL_MAX_MS,
	0,
};

static const u16 lock_client_release_request[] = {
	DITTO_A_LOCK_CLIENT_NAME,
	DITTO_A_LOCK_CLIENT_PROTOCOL,
	0,
};

static const u16 lock_client_release_reply[] = {
	DITTO_A_LOCK_CLIENT_RELEASED,
	0,
};

static const u16 grace_get_reply[] = {
	DITTO_A_GRACE_ACTIVE,
	DITTO_A_GRACE_LEFT_MS,
	DITTO_A_GRACE_KNOWN,
	DITTO_A_GRACE_RECLAIMED,
	DITTO_A_GRACE_EPOCH,
	DITTO_A_GRACE_STATE,
	DITTO_A_GRACE_OTHERS,
	0,
};

static const u16 session_get_reply[] = {
	DITTO_A_SESSION_ID,
	DITTO_A_SESSION_PROTOCOL,
	DITTO_A_SESSION_USER,
	DITTO_A_SESSION_DOMAIN,
	DITTO_A_SESSION_GUEST,
	DITTO_A_SESSION_ADDRESS,
	DITTO_A_SESSION_DIALECT,
	DITTO_A_SESSION_SIGNING,
	DITTO_A_SESSION_ENCRYPTION,
	DITTO_A_SESSION_SINCE,
	DITTO_A_SESSION_SHARES,
	DITTO_A_SESSION_SHARE,
	DITTO_A_SESSION_OPENS,
	DITTO_A_SESSION_SOFTWARE,
	DITTO_A_SESSION_LOGIN,
	0,
};

static const u16 session_close_request[] = {
	DITTO_A_SESSION_ID,
	DITTO_A_SESSION_PROTOCOL,
	0,
};

static const u16 open_get_request[] = {
	DITTO_A_OPEN_SESSION,
	0,
};

static const u16 open_get_reply[] = {
	DITTO_A_OPEN_ID,
	DITTO_A_OPEN_PROTOCOL,
	DITTO_A_OPEN_SESSION,
	DITTO_A_OPEN_USER,
	DITTO_A_OPEN_SHARE,
	DITTO_A_OPEN_PATH,
	DITTO_A_OPEN_ACCESS,
	DITTO_A_OPEN_DENY,
	DITTO_A_OPEN_DELETE_PENDING,
	DITTO_A_OPEN_SINCE,
	DITTO_A_OPEN_WAITS_S,
	DITTO_A_OPEN_DURABILITY,
	0,
};

static const u16 open_close_request[] = {
	DITTO_A_OPEN_ID,
	DITTO_A_OPEN_PROTOCOL,
	0,
};

static const u16 tree_get_request[] = {
	DITTO_A_TREE_SESSION,
	0,
};

static const u16 tree_get_reply[] = {
	DITTO_A_TREE_ID,
	DITTO_A_TREE_PROTOCOL,
	DITTO_A_TREE_SESSION,
	DITTO_A_TREE_USER,
	DITTO_A_TREE_SHARE,
	DITTO_A_TREE_WRITABLE,
	DITTO_A_TREE_ENCRYPT,
	0,
};

static const u16 tree_close_request[] = {
	DITTO_A_TREE_ID,
	DITTO_A_TREE_SESSION,
	DITTO_A_TREE_PROTOCOL,
	0,
};

static const u16 setting_get_reply[] = {
	DITTO_A_SETTING_NAME,
	DITTO_A_SETTING_OWNER,
	DITTO_A_SETTING_VALUE,
	DITTO_A_SETTING_TYPE,
	DITTO_A_SETTING_LOWEST,
	DITTO_A_SETTING_HIGHEST,
	DITTO_A_SETTING_INITIAL,
	DITTO_A_SETTING_VALUES,
	0,
};

static const u16 acl_get_request[] = {
	DITTO_A_ACL_PATH,
	DITTO_A_ACL_SHARE,
	0,
};

static const u16 acl_get_reply[] = {
	DITTO_A_ACL_PATH,
	DITTO_A_ACL_SHARE,
	DITTO_A_ACL_DIRECTORY,
	DITTO_A_ACL_UID,
	DITTO_A_ACL_GID,
	DITTO_A_ACL_MODE,
	DITTO_A_ACL_SOURCE,
	DITTO_A_ACL_FLAGS,
	DITTO_A_ACL_ACE,
	0,
};

static const u16 acl_set_request[] = {
	DITTO_A_ACL_PATH,
	DITTO_A_ACL_SHARE,
	DITTO_A_ACL_FLAGS,
	DITTO_A_ACL_ACE,
	DITTO_A_ACL_REMOVE,
	0,
};

static const u16 share_option_get_reply[] = {
	DITTO_A_SETTING_NAME,
	DITTO_A_SETTING_OWNER,
	DITTO_A_SETTING_TYPE,
	DITTO_A_SETTING_LOWEST,
	DITTO_A_SETTING_HIGHEST,
	DITTO_A_SETTING_INITIAL,
	DITTO_A_SETTING_VALUES,
	0,
};

static const u16 access_check_request[] = {
	DITTO_A_ACCESS_PATH,
	DITTO_A_ACCESS_SHARE,
	DITTO_A_ACCESS_UID,
	DITTO_A_ACCESS_GID,
	DITTO_A_ACCESS_GIDS,
	DITTO_A_ACCESS_ANONYMOUS,
	DITTO_A_ACCESS_PROVEN,
	DITTO_A_ACCESS_LOGINS,
	DITTO_A_ACCESS_FLAVOR,
	DITTO_A_ACCESS_ADDRESS,
	DITTO_A_ACCESS_LOGIN,
	0,
};

static const u16 access_check_reply[] = {
	DITTO_A_ACCESS_PATH,
	DITTO_A_ACCESS_SHARE,
	DITTO_A_ACCESS_DIRECTORY,
	DITTO_A_ACCESS_REFUSED,
	DITTO_A_ACCESS_RULE,
	DITTO_A_ACCESS_RULE_NUMBER,
	DITTO_A_ACCESS_RULE_ACCESS,
	DITTO_A_ACCESS_HAS_RULES,
	DITTO_A_ACCESS_READ_ONLY,
	DITTO_A_ACCESS_SQUASH,
	DITTO_A_ACCESS_GRANT,
	DITTO_A_ACCESS_GRANT_BY,
	DITTO_A_ACCESS_GRANT_ID,
	DITTO_A_ACCESS_GRANT_SID,
	DITTO_A_ACCESS_WRITABLE,
	DITTO_A_ACCESS_ACTING_UID,
	DITTO_A_ACCESS_ACTING_GID,
	DITTO_A_ACCESS_ACTING_GIDS,
	DITTO_A_ACCESS_ADMIN,
	DITTO_A_ACCESS_GUEST,
	DITTO_A_ACCESS_OWNS,
	DITTO_A_ACCESS_STEP,
	DITTO_A_ACCESS_DECISION,
	DITTO_A_ACCESS_LOGIN,
	0,
};

static const u16 connection_get_reply[] = {
	DITTO_A_CONNECTION_ID,
	DITTO_A_CONNECTION_PROTOCOL,
	DITTO_A_CONNECTION_ADDRESS,
	DITTO_A_CONNECTION_LOCAL,
	DITTO_A_CONNECTION_SECURITY,
	DITTO_A_CONNECTION_NAME,
	0,
};

static const u16 connection_prove_request[] = {
	DITTO_A_CONNECTION_COOKIE,
	DITTO_A_CONNECTION_NAME,
	0,
};

static const u16 job_get_reply[] = {
	DITTO_A_JOB_ID,
	DITTO_A_JOB_PROTOCOL,
	DITTO_A_JOB_CLIENT,
	DITTO_A_JOB_UID,
	DITTO_A_JOB_SINCE,
	DITTO_A_JOB_DONE,
	DITTO_A_JOB_SIZE,
	DITTO_A_JOB_SHARE,
	DITTO_A_JOB_PATH,
	DITTO_A_JOB_TARGET_SHARE,
	DITTO_A_JOB_TARGET_PATH,
	0,
};

static const u16 job_cancel_request[] = {
	DITTO_A_JOB_ID,
	0,
};

static const u16 acl_import_request[] = {
	DITTO_A_ACL_PATH,
	DITTO_A_ACL_SHARE,
	DITTO_A_ACL_ALWAYS,
	DITTO_A_ACL_DRY_RUN,
	0,
};

static const u16 acl_import_reply[] = {
	DITTO_A_ACL_PATH,
	DITTO_A_ACL_SHARE,
	DITTO_A_ACL_RESULT,
	0,
};

static const u16 nested_add_request[] = {
	DITTO_A_SHARE_NAME,
	DITTO_A_SHARE_PATH,
	0,
};

static const u16 offload_get_request[] = {
	DITTO_A_OFFLOAD_PATH,
	DITTO_A_OFFLOAD_SHARE,
	0,
};

static const u16 offload_get_reply[] = {
	DITTO_A_OFFLOAD_PATH,
	DITTO_A_OFFLOAD_SHARE,
	DITTO_A_OFFLOAD_STATE,
	DITTO_A_OFFLOAD_SIZE,
	DITTO_A_OFFLOAD_CHANGE,
	DITTO_A_OFFLOAD_FILE_ID,
	DITTO_A_OFFLOAD_GENERATION,
	DITTO_A_OFFLOAD_RESIDENT,
	DITTO_A_OFFLOAD_OBSTACLE,
	DITTO_A_OFFLOAD_COOKIE,
	0,
};

static const u16 offload_release_request[] = {
	DITTO_A_OFFLOAD_PATH,
	DITTO_A_OFFLOAD_SHARE,
	DITTO_A_OFFLOAD_FILE_ID,
	DITTO_A_OFFLOAD_GENERATION,
	DITTO_A_OFFLOAD_CHANGE,
	DITTO_A_OFFLOAD_SIZE,
	DITTO_A_OFFLOAD_COOKIE,
	0,
};

static const u16 offload_fill_request[] = {
	DITTO_A_OFFLOAD_RECALL,
	DITTO_A_OFFLOAD_FD,
	DITTO_A_OFFLOAD_FD_OFFSET,
	DITTO_A_OFFLOAD_OFFSET,
	DITTO_A_OFFLOAD_LENGTH,
	0,
};

static const u16 offload_recall_request[] = {
	DITTO_A_OFFLOAD_PATH,
	DITTO_A_OFFLOAD_SHARE,
	DITTO_A_OFFLOAD_DECISION,
	0,
};

static const u16 nested_get_request[] = {
	DITTO_A_NESTED_SHARE,
	0,
};

static const u16 nested_get_reply[] = {
	DITTO_A_NESTED_SHARE,
	DITTO_A_NESTED_PATH,
	DITTO_A_NESTED_FS_TYPE,
	DITTO_A_NESTED_FSID,
	DITTO_A_NESTED_STATE,
	0,
};

static const u16 offload_adopt_request[] = {
	DITTO_A_OFFLOAD_PATH,
	DITTO_A_OFFLOAD_SHARE,
	DITTO_A_OFFLOAD_FILE_ID,
	DITTO_A_OFFLOAD_GENERATION,
	DITTO_A_OFFLOAD_SIZE,
	DITTO_A_OFFLOAD_COOKIE,
	0,
};

static const u16 upcall_progress_request[] = {
	DITTO_A_UPCALL_ID,
	0,
};

static const u16 conflict_get_reply[] = {
	DITTO_A_CONFLICT_NUMBER,
	DITTO_A_CONFLICT_TIME,
	DITTO_A_CONFLICT_LAST,
	DITTO_A_CONFLICT_COUNT,
	DITTO_A_CONFLICT_OPERATION,
	DITTO_A_CONFLICT_OUTCOME,
	DITTO_A_CONFLICT_MS,
	DITTO_A_CONFLICT_SHARE,
	DITTO_A_CONFLICT_PATH,
	DITTO_A_CONFLICT_ASKED,
	DITTO_A_CONFLICT_HELD,
	0,
};

static const u16 budget_get_reply[] = {
	DITTO_A_LEVEL_BUDGET_LEVEL,
	DITTO_A_LEVEL_BUDGET_KIND,
	DITTO_A_LEVEL_BUDGET_USED,
	DITTO_A_LEVEL_BUDGET_LIMIT,
	0,
};

static const u16 share_traffic_get_reply[] = {
	DITTO_A_TRAFFIC_NUMBER,
	DITTO_A_TRAFFIC_SHARE,
	DITTO_A_TRAFFIC_REQUESTS,
	DITTO_A_TRAFFIC_NANOSECONDS,
	DITTO_A_TRAFFIC_READ,
	DITTO_A_TRAFFIC_WRITTEN,
	DITTO_A_TRAFFIC_TIMES,
	0,
};

static const u16 client_traffic_get_reply[] = {
	DITTO_A_TRAFFIC_NUMBER,
	DITTO_A_TRAFFIC_CLIENT,
	DITTO_A_TRAFFIC_REQUESTS,
	DITTO_A_TRAFFIC_NANOSECONDS,
	DITTO_A_TRAFFIC_READ,
	DITTO_A_TRAFFIC_WRITTEN,
	0,
};

static const u16 scan_open_request[] = {
	DITTO_A_SCAN_NUMBER,
	0,
};

static const u16 scan_open_reply[] = {
	DITTO_A_SCAN_FD,
	0,
};

static const u16 slow_trace_request[] = {
	DITTO_A_SLOW_CALL_OVER_NS,
	0,
};

static const u16 slow_call_reply[] = {
	DITTO_A_SLOW_CALL_LOST,
	DITTO_A_SLOW_CALL_TIME,
	DITTO_A_SLOW_CALL_PROTOCOL,
	DITTO_A_SLOW_CALL_OPERATION,
	DITTO_A_SLOW_CALL_ADDRESS,
	DITTO_A_SLOW_CALL_USER,
	DITTO_A_SLOW_CALL_SHARE,
	DITTO_A_SLOW_CALL_PATH,
	DITTO_A_SLOW_CALL_FILEID,
	DITTO_A_SLOW_CALL_AGAIN,
	DITTO_A_SLOW_CALL_HOLDER_PHASE,
	DITTO_A_SLOW_CALL_HOLDER_PROTOCOL,
	DITTO_A_SLOW_CALL_HOLDER_CLIENT,
	DITTO_A_SLOW_CALL_TOTAL_NS,
	DITTO_A_SLOW_CALL_QUEUE_NS,
	DITTO_A_SLOW_CALL_BREAK_NS,
	DITTO_A_SLOW_CALL_RANGE_NS,
	DITTO_A_SLOW_CALL_HELPER_NS,
	DITTO_A_SLOW_CALL_DATA_NS,
	DITTO_A_SLOW_CALL_RUN_NS,
	DITTO_A_SLOW_CALL_SCHED_NS,
	DITTO_A_SLOW_CALL_SLEEP_NS,
	DITTO_A_SLOW_CALL_SEND_NS,
	0,
};

const struct spec_op spec_ops[DITTO_CMD_MAX + 1] = {
	[DITTO_CMD_SHARE_NEW] = {
		.name = "share-new",
		.set = &spec_share_set,
		.request = share_new_request,
	},
	[DITTO_CMD_SHARE_SET] = {
		.name = "share-set",
		.set = &spec_share_set,
		.request = share_set_request,
	},
	[DITTO_CMD_SHARE_DEL] = {
		.name = "share-del",
		.set = &spec_share_set,
		.request = share_del_request,
	},
	[DITTO_CMD_SHARE_GET] = {
		.name = "share-get",
		.set = &spec_share_set,
		.request = share_get_request,
		.reply = share_get_reply,
	},
	[DITTO_CMD_LISTENER_NEW] = {
		.name = "listener-new",
		.set = &spec_listener_set,
		.request = listener_new_request,
		.reply = listener_new_reply,
	},
	[DITTO_CMD_LISTENER_DEL] = {
		.name = "listener-del",
		.set = &spec_listener_set,
		.request = listener_del_request,
	},
	[DITTO_CMD_LISTENER_GET] = {
		.name = "listener-get",
		.set = &spec_listener_set,
		.reply = listener_get_reply,
	},
	[DITTO_CMD_SERVER_SET] = {
		.name = "server-set",
		.set = &spec_server_set,
		.request = server_set_request,
	},
	[DITTO_CMD_SERVER_GET] = {
		.name = "server-get",
		.set = &spec_server_set,
		.reply = server_get_reply,
	},
	[DITTO_CMD_CLIENT_GET] = {
		.name = "client-get",
		.set = &spec_client_set,
		.reply = client_get_reply,
	},
	[DITTO_CMD_CLIENT_DISCONNECT] = {
		.name = "client-disconnect",
		.set = &spec_client_set,
		.request = client_disconnect_request,
		.reply = client_disconnect_reply,
	},
	[DITTO_CMD_STAT_GET] = {
		.name = "stat-get",
		.set = &spec_stat_set,
		.reply = stat_get_reply,
	},
	[DITTO_CMD_CACHE_FLUSH] = {
		.name = "cache-flush",
		.set = &spec_server_set,
	},
	[DITTO_CMD_HELPER_REGISTER] = {
		.name = "helper-register",
		.set = &spec_state_set,
		.request = helper_register_request,
		.reply = helper_register_reply,
	},
	[DITTO_CMD_UPCALL] = {
		.name = "upcall",
		.set = &spec_upcall_set,
		.reply = upcall_reply,
	},
	[DITTO_CMD_UPCALL_REPLY] = {
		.name = "upcall-reply",
		.set = &spec_upcall_set,
		.request = upcall_reply_request,
	},
	[DITTO_CMD_EVENT] = {
		.name = "event",
		.set = &spec_event_set,
		.reply = event_reply,
	},
	[DITTO_CMD_RECORD_LOAD] = {
		.name = "record-load",
		.set = &spec_record_set,
		.request = record_load_request,
	},
	[DITTO_CMD_STATE_BEGIN] = {
		.name = "state-begin",
		.set = &spec_state_set,
		.request = state_begin_request,
	},
	[DITTO_CMD_CLAIM_GET] = {
		.name = "claim-get",
		.set = &spec_claim_set,
		.request = claim_get_request,
		.reply = claim_get_reply,
	},
	[DITTO_CMD_CLAIM_RELEASE] = {
		.name = "claim-release",
		.set = &spec_claim_set,
		.request = claim_release_request,
	},
	[DITTO_CMD_LOCK_CLIENT_GET] = {
		.name = "lock-client-get",
		.set = &spec_lock_client_set,
		.reply = lock_client_get_reply,
	},
	[DITTO_CMD_LOCK_CLIENT_RELEASE] = {
		.name = "lock-client-release",
		.set = &spec_lock_client_set,
		.request = lock_client_release_request,
		.reply = lock_client_release_reply,
	},
	[DITTO_CMD_GRACE_GET] = {
		.name = "grace-get",
		.set = &spec_grace_set,
		.reply = grace_get_reply,
	},
	[DITTO_CMD_GRACE_END] = {
		.name = "grace-end",
		.set = &spec_grace_set,
	},
	[DITTO_CMD_SESSION_GET] = {
		.name = "session-get",
		.set = &spec_session_set,
		.reply = session_get_reply,
	},
	[DITTO_CMD_SESSION_CLOSE] = {
		.name = "session-close",
		.set = &spec_session_set,
		.request = session_close_request,
	},
	[DITTO_CMD_OPEN_GET] = {
		.name = "open-get",
		.set = &spec_open_set,
		.request = open_get_request,
		.reply = open_get_reply,
	},
	[DITTO_CMD_OPEN_CLOSE] = {
		.name = "open-close",
		.set = &spec_open_set,
		.request = open_close_request,
	},
	[DITTO_CMD_TREE_GET] = {
		.name = "tree-get",
		.set = &spec_tree_set,
		.request = tree_get_request,
		.reply = tree_get_reply,
	},
	[DITTO_CMD_TREE_CLOSE] = {
		.name = "tree-close",
		.set = &spec_tree_set,
		.request = tree_close_request,
	},
	[DITTO_CMD_SETTING_GET] = {
		.name = "setting-get",
		.set = &spec_setting_set,
		.reply = setting_get_reply,
	},
	[DITTO_CMD_ACL_GET] = {
		.name = "acl-get",
		.set = &spec_acl_set,
		.request = acl_get_request,
		.reply = acl_get_reply,
	},
	[DITTO_CMD_ACL_SET] = {
		.name = "acl-set",
		.set = &spec_acl_set,
		.request = acl_set_request,
	},
	[DITTO_CMD_SHARE_OPTION_GET] = {
		.name = "share-option-get",
		.set = &spec_setting_set,
		.reply = share_option_get_reply,
	},
	[DITTO_CMD_ACCESS_CHECK] = {
		.name = "access-check",
		.set = &spec_access_set,
		.request = access_check_request,
		.reply = access_check_reply,
	},
	[DITTO_CMD_CONNECTION_GET] = {
		.name = "connection-get",
		.set = &spec_connection_set,
		.reply = connection_get_reply,
	},
	[DITTO_CMD_CONNECTION_PROVE] = {
		.name = "connection-prove",
		.set = &spec_connection_set,
		.request = connection_prove_request,
	},
	[DITTO_CMD_JOB_GET] = {
		.name = "job-get",
		.set = &spec_job_set,
		.reply = job_get_reply,
	},
	[DITTO_CMD_JOB_CANCEL] = {
		.name = "job-cancel",
		.set = &spec_job_set,
		.request = job_cancel_request,
	},
	[DITTO_CMD_ACL_IMPORT] = {
		.name = "acl-import",
		.set = &spec_acl_set,
		.request = acl_import_request,
		.reply = acl_import_reply,
	},
	[DITTO_CMD_NESTED_ADD] = {
		.name = "nested-add",
		.set = &spec_share_set,
		.request = nested_add_request,
	},
	[DITTO_CMD_NESTED_CHECK] = {
		.name = "nested-check",
		.set = &spec_share_set,
	},
	[DITTO_CMD_OFFLOAD_GET] = {
		.name = "offload-get",
		.set = &spec_offload_set,
		.request = offload_get_request,
		.reply = offload_get_reply,
	},
	[DITTO_CMD_OFFLOAD_RELEASE] = {
		.name = "offload-release",
		.set = &spec_offload_set,
		.request = offload_release_request,
	},
	[DITTO_CMD_OFFLOAD_FILL] = {
		.name = "offload-fill",
		.set = &spec_offload_set,
		.request = offload_fill_request,
	},
	[DITTO_CMD_OFFLOAD_RECALL] = {
		.name = "offload-recall",
		.set = &spec_offload_set,
		.request = offload_recall_request,
	},
	[DITTO_CMD_NESTED_GET] = {
		.name = "nested-get",
		.set = &spec_nested_set,
		.request = nested_get_request,
		.reply = nested_get_reply,
	},
	[DITTO_CMD_OFFLOAD_ADOPT] = {
		.name = "offload-adopt",
		.set = &spec_offload_set,
		.request = offload_adopt_request,
	},
	[DITTO_CMD_UPCALL_PROGRESS] = {
		.name = "upcall-progress",
		.set = &spec_upcall_set,
		.request = upcall_progress_request,
	},
	[DITTO_CMD_CONFLICT_GET] = {
		.name = "conflict-get",
		.set = &spec_conflict_set,
		.reply = conflict_get_reply,
	},
	[DITTO_CMD_BUDGET_GET] = {
		.name = "budget-get",
		.set = &spec_level_budget_set,
		.reply = budget_get_reply,
	},
	[DITTO_CMD_SHARE_TRAFFIC_GET] = {
		.name = "share-traffic-get",
		.set = &spec_traffic_set,
		.reply = share_traffic_get_reply,
	},
	[DITTO_CMD_CLIENT_TRAFFIC_GET] = {
		.name = "client-traffic-get",
		.set = &spec_traffic_set,
		.reply = client_traffic_get_reply,
	},
	[DITTO_CMD_SCAN_OPEN] = {
		.name = "scan-open",
		.set = &spec_scan_set,
		.request = scan_open_request,
		.reply = scan_open_reply,
	},
	[DITTO_CMD_SCAN_FORGET] = {
		.name = "scan-forget",
		.set = &spec_scan_set,
	},
	[DITTO_CMD_SLOW_TRACE] = {
		.name = "slow-trace",
		.set = &spec_slow_call_set,
		.request = slow_trace_request,
	},
	[DITTO_CMD_SLOW_CALL] = {
		.name = "slow-call",
		.set = &spec_slow_call_set,
		.reply = slow_call_reply,
	},
};
