// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ditto.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "genl.h"

#include <uapi/linux/ditto.h>

/* Integer value ranges */
static const struct netlink_range_validation ditto_a_slow_call_over_ns_range = {
	.max	= 86400000000000ULL,
};

/* Common nested types */
const struct nla_policy ditto_ace_nl_policy[DITTO_A_ACE_RIGHTS + 1] = {
	[DITTO_A_ACE_TYPE] = NLA_POLICY_MAX(NLA_U32, 1),
	[DITTO_A_ACE_WHO] = NLA_POLICY_MAX(NLA_U32, 9),
	[DITTO_A_ACE_ID] = { .type = NLA_U32, },
	[DITTO_A_ACE_SID] = { .type = NLA_BINARY, },
	[DITTO_A_ACE_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1f),
	[DITTO_A_ACE_RIGHTS] = { .type = NLA_U32, },
};

const struct nla_policy ditto_rule_nl_policy[DITTO_A_RULE_ANON_GID + 1] = {
	[DITTO_A_RULE_SPEC] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_RULE_ACCESS] = NLA_POLICY_MAX(NLA_U32, 2),
	[DITTO_A_RULE_SQUASH] = NLA_POLICY_MAX(NLA_U32, 4),
	[DITTO_A_RULE_ANON_UID] = { .type = NLA_U32, },
	[DITTO_A_RULE_ANON_GID] = { .type = NLA_U32, },
};

const struct nla_policy ditto_rules_nl_policy[DITTO_A_RULES_RULE + 1] = {
	[DITTO_A_RULES_RULE] = NLA_POLICY_NESTED(ditto_rule_nl_policy),
};

const struct nla_policy ditto_setting_change_nl_policy[DITTO_A_SETTING_CHANGE_VALUE + 1] = {
	[DITTO_A_SETTING_CHANGE_NAME] = { .type = NLA_NUL_STRING, .len = 31, },
	[DITTO_A_SETTING_CHANGE_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[DITTO_A_SETTING_CHANGE_VALUE] = { .type = NLA_U32, },
};

const struct nla_policy ditto_share_option_nl_policy[DITTO_A_SHARE_OPTION_VALUE + 1] = {
	[DITTO_A_SHARE_OPTION_NAME] = { .type = NLA_NUL_STRING, .len = 31, },
	[DITTO_A_SHARE_OPTION_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[DITTO_A_SHARE_OPTION_VALUE] = { .type = NLA_U32, },
};

const struct nla_policy ditto_share_user_nl_policy[DITTO_A_SHARE_USER_IS_GROUP + 1] = {
	[DITTO_A_SHARE_USER_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_USER_GID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_USER_ACCESS] = NLA_POLICY_MAX(NLA_U32, 3),
	[DITTO_A_SHARE_USER_SID] = { .type = NLA_BINARY, },
	[DITTO_A_SHARE_USER_IS_GROUP] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy ditto_share_users_nl_policy[DITTO_A_SHARE_USERS_USER + 1] = {
	[DITTO_A_SHARE_USERS_USER] = NLA_POLICY_NESTED(ditto_share_user_nl_policy),
};

/* DITTO_CMD_SHARE_NEW - do */
static const struct nla_policy ditto_share_new_nl_policy[DITTO_A_SHARE_FORCE_GID + 1] = {
	[DITTO_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_SHARE_ID] = NLA_POLICY_EXACT_LEN(16),
	[DITTO_A_SHARE_ANON_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_ANON_GID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_RULES] = NLA_POLICY_NESTED(ditto_rules_nl_policy),
	[DITTO_A_SHARE_COMMENT] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_SNAPSHOTS] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_PROTOCOLS] = { .type = NLA_NUL_STRING, .len = 127, },
	[DITTO_A_SHARE_LINKS] = { .type = NLA_NUL_STRING, .len = 8191, },
	[DITTO_A_SHARE_TRASH_EXCLUDE] = { .type = NLA_NUL_STRING, .len = 1023, },
	[DITTO_A_SHARE_VETO_FILES] = { .type = NLA_NUL_STRING, .len = 1023, },
	[DITTO_A_SHARE_FORCE_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_FORCE_GID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_USERS] = NLA_POLICY_NESTED(ditto_share_users_nl_policy),
	[DITTO_A_SHARE_DEFAULT_ACCESS] = NLA_POLICY_MAX(NLA_U32, 3),
	[DITTO_A_SHARE_OPTION] = NLA_POLICY_NESTED(ditto_share_option_nl_policy),
	[DITTO_A_SHARE_HOME_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_HOME_DIR] = { .type = NLA_U32, },
	[DITTO_A_SHARE_HOME_GID] = { .type = NLA_U32, },
};

/* DITTO_CMD_SHARE_SET - do */
static const struct nla_policy ditto_share_set_nl_policy[DITTO_A_SHARE_FORCE_GID + 1] = {
	[DITTO_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_ANON_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_ANON_GID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_RULES] = NLA_POLICY_NESTED(ditto_rules_nl_policy),
	[DITTO_A_SHARE_COMMENT] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_SNAPSHOTS] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_PROTOCOLS] = { .type = NLA_NUL_STRING, .len = 127, },
	[DITTO_A_SHARE_LINKS] = { .type = NLA_NUL_STRING, .len = 8191, },
	[DITTO_A_SHARE_TRASH_EXCLUDE] = { .type = NLA_NUL_STRING, .len = 1023, },
	[DITTO_A_SHARE_VETO_FILES] = { .type = NLA_NUL_STRING, .len = 1023, },
	[DITTO_A_SHARE_FORCE_UID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_FORCE_GID] = { .type = NLA_U32, },
	[DITTO_A_SHARE_USERS] = NLA_POLICY_NESTED(ditto_share_users_nl_policy),
	[DITTO_A_SHARE_DEFAULT_ACCESS] = NLA_POLICY_MAX(NLA_U32, 3),
	[DITTO_A_SHARE_OPTION] = NLA_POLICY_NESTED(ditto_share_option_nl_policy),
};

/* DITTO_CMD_SHARE_DEL - do */
static const struct nla_policy ditto_share_del_nl_policy[DITTO_A_SHARE_NAME + 1] = {
	[DITTO_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_SHARE_GET - do */
static const struct nla_policy ditto_share_get_do_nl_policy[DITTO_A_SHARE_NAME + 1] = {
	[DITTO_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_SHARE_GET - dump */
static const struct nla_policy ditto_share_get_dump_nl_policy[DITTO_A_SHARE_SESSION + 1] = {
	[DITTO_A_SHARE_SESSION] = { .type = NLA_U64, },
};

/* DITTO_CMD_LISTENER_NEW - do */
static const struct nla_policy ditto_listener_new_nl_policy[DITTO_A_LISTENER_PORT + 1] = {
	[DITTO_A_LISTENER_PROTOCOL] = { .type = NLA_NUL_STRING, .len = 15, },
	[DITTO_A_LISTENER_TRANSPORT] = NLA_POLICY_MAX(NLA_U32, 2),
	[DITTO_A_LISTENER_ADDRESS] = { .type = NLA_BINARY, },
	[DITTO_A_LISTENER_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

/* DITTO_CMD_LISTENER_DEL - do */
static const struct nla_policy ditto_listener_del_nl_policy[DITTO_A_LISTENER_ID + 1] = {
	[DITTO_A_LISTENER_ID] = { .type = NLA_U32, },
};

/* DITTO_CMD_SERVER_SET - do */
static const struct nla_policy ditto_server_set_nl_policy[DITTO_A_SERVER_SETTING + 1] = {
	[DITTO_A_SERVER_SETTING] = NLA_POLICY_NESTED(ditto_setting_change_nl_policy),
	[DITTO_A_SERVER_HANDLE_KEY] = NLA_POLICY_EXACT_LEN(16),
};

/* DITTO_CMD_CLIENT_DISCONNECT - do */
static const struct nla_policy ditto_client_disconnect_nl_policy[DITTO_A_CLIENT_ADDRESS + 1] = {
	[DITTO_A_CLIENT_ADDRESS] = { .type = NLA_BINARY, },
};

/* DITTO_CMD_HELPER_REGISTER - do */
static const struct nla_policy ditto_helper_register_nl_policy[DITTO_A_STATE_KINDS + 1] = {
	[DITTO_A_STATE_AUTH_HELLO] = { .type = NLA_BINARY, },
	[DITTO_A_STATE_KINDS] = { .type = NLA_U64, },
};

/* DITTO_CMD_UPCALL_REPLY - do */
static const struct nla_policy ditto_upcall_reply_nl_policy[DITTO_A_UPCALL_ERROR_TEXT + 1] = {
	[DITTO_A_UPCALL_ID] = { .type = NLA_U64, },
	[DITTO_A_UPCALL_ERROR] = NLA_POLICY_MAX(NLA_U32, 4095),
	[DITTO_A_UPCALL_HOST_NAME] = { .type = NLA_STRING, .len = 255, },
	[DITTO_A_UPCALL_MEMBER] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_UPCALL_GIDS] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_AUTH_ID] = { .type = NLA_U64, },
	[DITTO_A_UPCALL_TOKEN] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_DONE] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_UPCALL_UID] = { .type = NLA_U32, },
	[DITTO_A_UPCALL_GID] = { .type = NLA_U32, },
	[DITTO_A_UPCALL_USER] = { .type = NLA_NUL_STRING, .len = 511, },
	[DITTO_A_UPCALL_DOMAIN] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_UPCALL_SID] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_SIDS] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_SIDS_COMPLETE] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_UPCALL_PRIVILEGES] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[DITTO_A_UPCALL_KEY] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_EXPIRES] = { .type = NLA_U64, },
	[DITTO_A_UPCALL_GUEST] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_UPCALL_ANONYMOUS] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_UPCALL_PIPE] = { .type = NLA_U64, },
	[DITTO_A_UPCALL_DATA] = { .type = NLA_BINARY, },
	[DITTO_A_UPCALL_LOGIN] = NLA_POLICY_MASK(NLA_U32, 0x7),
	[DITTO_A_UPCALL_ERROR_TEXT] = { .type = NLA_NUL_STRING, .len = 511, },
	[DITTO_A_UPCALL_GRANTED] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* DITTO_CMD_RECORD_LOAD - do */
static const struct nla_policy ditto_record_load_nl_policy[DITTO_A_RECORD_DATA + 1] = {
	[DITTO_A_RECORD_INSTANCE] = { .type = NLA_U64, },
	[DITTO_A_RECORD_TYPE] = NLA_POLICY_MAX(NLA_U32, 2),
	[DITTO_A_RECORD_KEY] = { .type = NLA_BINARY, },
	[DITTO_A_RECORD_DATA] = { .type = NLA_BINARY, },
};

/* DITTO_CMD_STATE_BEGIN - do */
static const struct nla_policy ditto_state_begin_nl_policy[DITTO_A_STATE_CLEAN + 1] = {
	[DITTO_A_STATE_INSTANCE] = { .type = NLA_U64, },
	[DITTO_A_STATE_EPOCH] = { .type = NLA_U64, },
	[DITTO_A_STATE_CLEAN] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* DITTO_CMD_CLAIM_GET - dump */
static const struct nla_policy ditto_claim_get_nl_policy[DITTO_A_CLAIM_PATH + 1] = {
	[DITTO_A_CLAIM_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_CLAIM_CLIENT] = { .type = NLA_NUL_STRING, .len = 127, },
};

/* DITTO_CMD_CLAIM_RELEASE - do */
static const struct nla_policy ditto_claim_release_nl_policy[DITTO_A_CLAIM_ID + 1] = {
	[DITTO_A_CLAIM_ID] = { .type = NLA_U64, },
};

/* DITTO_CMD_LOCK_CLIENT_RELEASE - do */
static const struct nla_policy ditto_lock_client_release_nl_policy[DITTO_A_LOCK_CLIENT_PROTOCOL + 1] = {
	[DITTO_A_LOCK_CLIENT_NAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DITTO_A_LOCK_CLIENT_PROTOCOL] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* DITTO_CMD_SESSION_CLOSE - do */
static const struct nla_policy ditto_session_close_nl_policy[DITTO_A_SESSION_PROTOCOL + 1] = {
	[DITTO_A_SESSION_ID] = { .type = NLA_U64, },
	[DITTO_A_SESSION_PROTOCOL] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* DITTO_CMD_OPEN_GET - dump */
static const struct nla_policy ditto_open_get_nl_policy[DITTO_A_OPEN_SESSION + 1] = {
	[DITTO_A_OPEN_SESSION] = { .type = NLA_U64, },
};

/* DITTO_CMD_OPEN_CLOSE - do */
static const struct nla_policy ditto_open_close_nl_policy[DITTO_A_OPEN_PROTOCOL + 1] = {
	[DITTO_A_OPEN_ID] = { .type = NLA_U64, },
	[DITTO_A_OPEN_PROTOCOL] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* DITTO_CMD_TREE_GET - dump */
static const struct nla_policy ditto_tree_get_nl_policy[DITTO_A_TREE_SESSION + 1] = {
	[DITTO_A_TREE_SESSION] = { .type = NLA_U64, },
};

/* DITTO_CMD_TREE_CLOSE - do */
static const struct nla_policy ditto_tree_close_nl_policy[DITTO_A_TREE_SESSION + 1] = {
	[DITTO_A_TREE_ID] = { .type = NLA_U32, },
	[DITTO_A_TREE_SESSION] = { .type = NLA_U64, },
	[DITTO_A_TREE_PROTOCOL] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* DITTO_CMD_ACL_GET - do */
static const struct nla_policy ditto_acl_get_nl_policy[DITTO_A_ACL_SHARE + 1] = {
	[DITTO_A_ACL_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_ACL_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_ACL_SET - do */
static const struct nla_policy ditto_acl_set_nl_policy[DITTO_A_ACL_REMOVE + 1] = {
	[DITTO_A_ACL_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_ACL_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_ACL_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1f),
	[DITTO_A_ACL_ACE] = NLA_POLICY_NESTED(ditto_ace_nl_policy),
	[DITTO_A_ACL_REMOVE] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* DITTO_CMD_ACCESS_CHECK - do */
static const struct nla_policy ditto_access_check_nl_policy[DITTO_A_ACCESS_LOGIN + 1] = {
	[DITTO_A_ACCESS_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_ACCESS_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_ACCESS_UID] = { .type = NLA_U32, },
	[DITTO_A_ACCESS_GID] = { .type = NLA_U32, },
	[DITTO_A_ACCESS_GIDS] = { .type = NLA_BINARY, },
	[DITTO_A_ACCESS_ANONYMOUS] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_ACCESS_PROVEN] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_ACCESS_LOGINS] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_ACCESS_FLAVOR] = NLA_POLICY_MASK(NLA_U32, 0x1f),
	[DITTO_A_ACCESS_ADDRESS] = { .type = NLA_BINARY, },
	[DITTO_A_ACCESS_LOGIN] = NLA_POLICY_MASK(NLA_U32, 0x7),
};

/* DITTO_CMD_CONNECTION_PROVE - do */
static const struct nla_policy ditto_connection_prove_nl_policy[DITTO_A_CONNECTION_COOKIE + 1] = {
	[DITTO_A_CONNECTION_COOKIE] = NLA_POLICY_MIN(NLA_U64, 1),
	[DITTO_A_CONNECTION_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_JOB_CANCEL - do */
static const struct nla_policy ditto_job_cancel_nl_policy[DITTO_A_JOB_ID + 1] = {
	[DITTO_A_JOB_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* DITTO_CMD_ACL_IMPORT - do */
static const struct nla_policy ditto_acl_import_nl_policy[DITTO_A_ACL_DRY_RUN + 1] = {
	[DITTO_A_ACL_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_ACL_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_ACL_ALWAYS] = NLA_POLICY_MAX(NLA_U8, 1),
	[DITTO_A_ACL_DRY_RUN] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* DITTO_CMD_NESTED_ADD - do */
static const struct nla_policy ditto_nested_add_nl_policy[DITTO_A_SHARE_PATH + 1] = {
	[DITTO_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_SHARE_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
};

/* DITTO_CMD_OFFLOAD_GET - do */
static const struct nla_policy ditto_offload_get_nl_policy[DITTO_A_OFFLOAD_SHARE + 1] = {
	[DITTO_A_OFFLOAD_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_OFFLOAD_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_OFFLOAD_RELEASE - do */
static const struct nla_policy ditto_offload_release_nl_policy[DITTO_A_OFFLOAD_COOKIE + 1] = {
	[DITTO_A_OFFLOAD_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_OFFLOAD_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_OFFLOAD_FILE_ID] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_GENERATION] = { .type = NLA_U32, },
	[DITTO_A_OFFLOAD_CHANGE] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_SIZE] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_COOKIE] = { .type = NLA_BINARY, },
};

/* DITTO_CMD_OFFLOAD_FILL - do */
static const struct nla_policy ditto_offload_fill_nl_policy[DITTO_A_OFFLOAD_LENGTH + 1] = {
	[DITTO_A_OFFLOAD_RECALL] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_FD] = { .type = NLA_U32, },
	[DITTO_A_OFFLOAD_FD_OFFSET] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_OFFSET] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_LENGTH] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* DITTO_CMD_OFFLOAD_RECALL - do */
static const struct nla_policy ditto_offload_recall_nl_policy[DITTO_A_OFFLOAD_DECISION + 1] = {
	[DITTO_A_OFFLOAD_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_OFFLOAD_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_OFFLOAD_DECISION] = NLA_POLICY_MAX(NLA_U32, 2),
};

/* DITTO_CMD_NESTED_GET - dump */
static const struct nla_policy ditto_nested_get_nl_policy[DITTO_A_NESTED_SHARE + 1] = {
	[DITTO_A_NESTED_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
};

/* DITTO_CMD_OFFLOAD_ADOPT - do */
static const struct nla_policy ditto_offload_adopt_nl_policy[DITTO_A_OFFLOAD_COOKIE + 1] = {
	[DITTO_A_OFFLOAD_PATH] = { .type = NLA_NUL_STRING, .len = 4095, },
	[DITTO_A_OFFLOAD_SHARE] = { .type = NLA_NUL_STRING, .len = 255, },
	[DITTO_A_OFFLOAD_FILE_ID] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_GENERATION] = { .type = NLA_U32, },
	[DITTO_A_OFFLOAD_SIZE] = { .type = NLA_U64, },
	[DITTO_A_OFFLOAD_COOKIE] = { .type = NLA_BINARY, },
};

/* DITTO_CMD_UPCALL_PROGRESS - do */
static const struct nla_policy ditto_upcall_progress_nl_policy[DITTO_A_UPCALL_ID + 1] = {
	[DITTO_A_UPCALL_ID] = { .type = NLA_U64, },
};

/* DITTO_CMD_SCAN_OPEN - do */
static const struct nla_policy ditto_scan_open_nl_policy[DITTO_A_SCAN_NUMBER + 1] = {
	[DITTO_A_SCAN_NUMBER] = { .type = NLA_U64, },
};

/* DITTO_CMD_SLOW_TRACE - do */
static const struct nla_policy ditto_slow_trace_nl_policy[DITTO_A_SLOW_CALL_OVER_NS + 1] = {
	[DITTO_A_SLOW_CALL_OVER_NS] = NLA_POLICY_FULL_RANGE(NLA_U64, &ditto_a_slow_call_over_ns_range),
};

/* Ops table for ditto */
static const struct genl_split_ops ditto_nl_ops[] = {
	{
		.cmd		= DITTO_CMD_SHARE_NEW,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_share_new_doit,
		.policy		= ditto_share_new_nl_policy,
		.maxattr	= DITTO_A_SHARE_FORCE_GID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_SHARE_SET,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_share_set_doit,
		.policy		= ditto_share_set_nl_policy,
		.maxattr	= DITTO_A_SHARE_FORCE_GID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_SHARE_DEL,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_share_del_doit,
		.policy		= ditto_share_del_nl_policy,
		.maxattr	= DITTO_A_SHARE_NAME,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_SHARE_GET,
		.doit		= ditto_nl_share_get_doit,
		.policy		= ditto_share_get_do_nl_policy,
		.maxattr	= DITTO_A_SHARE_NAME,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_SHARE_GET,
		.start		= ditto_nl_share_get_start,
		.dumpit		= ditto_nl_share_get_dumpit,
		.done		= ditto_nl_share_get_done,
		.policy		= ditto_share_get_dump_nl_policy,
		.maxattr	= DITTO_A_SHARE_SESSION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_LISTENER_NEW,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_listener_new_doit,
		.policy		= ditto_listener_new_nl_policy,
		.maxattr	= DITTO_A_LISTENER_PORT,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_LISTENER_DEL,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_listener_del_doit,
		.policy		= ditto_listener_del_nl_policy,
		.maxattr	= DITTO_A_LISTENER_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_LISTENER_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_listener_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_SERVER_SET,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_server_set_doit,
		.policy		= ditto_server_set_nl_policy,
		.maxattr	= DITTO_A_SERVER_SETTING,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_SERVER_GET,
		.doit	= ditto_nl_server_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_CLIENT_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_client_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_CLIENT_DISCONNECT,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_client_disconnect_doit,
		.policy		= ditto_client_disconnect_nl_policy,
		.maxattr	= DITTO_A_CLIENT_ADDRESS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_STAT_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_stat_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_CACHE_FLUSH,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_cache_flush_doit,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_HELPER_REGISTER,
		.doit		= ditto_nl_helper_register_doit,
		.policy		= ditto_helper_register_nl_policy,
		.maxattr	= DITTO_A_STATE_KINDS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_UPCALL_REPLY,
		.doit		= ditto_nl_upcall_reply_doit,
		.policy		= ditto_upcall_reply_nl_policy,
		.maxattr	= DITTO_A_UPCALL_ERROR_TEXT,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_RECORD_LOAD,
		.doit		= ditto_nl_record_load_doit,
		.policy		= ditto_record_load_nl_policy,
		.maxattr	= DITTO_A_RECORD_DATA,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_STATE_BEGIN,
		.doit		= ditto_nl_state_begin_doit,
		.policy		= ditto_state_begin_nl_policy,
		.maxattr	= DITTO_A_STATE_CLEAN,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_CLAIM_GET,
		.start		= ditto_nl_claim_get_start,
		.dumpit		= ditto_nl_claim_get_dumpit,
		.done		= ditto_nl_claim_get_done,
		.policy		= ditto_claim_get_nl_policy,
		.maxattr	= DITTO_A_CLAIM_PATH,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_CLAIM_RELEASE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_claim_release_doit,
		.policy		= ditto_claim_release_nl_policy,
		.maxattr	= DITTO_A_CLAIM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_LOCK_CLIENT_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_lock_client_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_LOCK_CLIENT_RELEASE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_lock_client_release_doit,
		.policy		= ditto_lock_client_release_nl_policy,
		.maxattr	= DITTO_A_LOCK_CLIENT_PROTOCOL,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_GRACE_GET,
		.doit	= ditto_nl_grace_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_GRACE_END,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_grace_end_doit,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_SESSION_GET,
		.start	= ditto_nl_session_get_start,
		.dumpit	= ditto_nl_session_get_dumpit,
		.done	= ditto_nl_session_get_done,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_SESSION_CLOSE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_session_close_doit,
		.policy		= ditto_session_close_nl_policy,
		.maxattr	= DITTO_A_SESSION_PROTOCOL,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_OPEN_GET,
		.start		= ditto_nl_open_get_start,
		.dumpit		= ditto_nl_open_get_dumpit,
		.done		= ditto_nl_open_get_done,
		.policy		= ditto_open_get_nl_policy,
		.maxattr	= DITTO_A_OPEN_SESSION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_OPEN_CLOSE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_open_close_doit,
		.policy		= ditto_open_close_nl_policy,
		.maxattr	= DITTO_A_OPEN_PROTOCOL,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_TREE_GET,
		.start		= ditto_nl_tree_get_start,
		.dumpit		= ditto_nl_tree_get_dumpit,
		.done		= ditto_nl_tree_get_done,
		.policy		= ditto_tree_get_nl_policy,
		.maxattr	= DITTO_A_TREE_SESSION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_TREE_CLOSE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_tree_close_doit,
		.policy		= ditto_tree_close_nl_policy,
		.maxattr	= DITTO_A_TREE_SESSION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_SETTING_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_setting_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_ACL_GET,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_acl_get_doit,
		.policy		= ditto_acl_get_nl_policy,
		.maxattr	= DITTO_A_ACL_SHARE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_ACL_SET,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_acl_set_doit,
		.policy		= ditto_acl_set_nl_policy,
		.maxattr	= DITTO_A_ACL_REMOVE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_SHARE_OPTION_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_share_option_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_ACCESS_CHECK,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_access_check_doit,
		.policy		= ditto_access_check_nl_policy,
		.maxattr	= DITTO_A_ACCESS_LOGIN,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_CONNECTION_GET,
		.start	= ditto_nl_connection_get_start,
		.dumpit	= ditto_nl_connection_get_dumpit,
		.done	= ditto_nl_connection_get_done,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_CONNECTION_PROVE,
		.doit		= ditto_nl_connection_prove_doit,
		.policy		= ditto_connection_prove_nl_policy,
		.maxattr	= DITTO_A_CONNECTION_COOKIE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_JOB_GET,
		.start	= ditto_nl_job_get_start,
		.dumpit	= ditto_nl_job_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_JOB_CANCEL,
		.doit		= ditto_nl_job_cancel_doit,
		.policy		= ditto_job_cancel_nl_policy,
		.maxattr	= DITTO_A_JOB_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_ACL_IMPORT,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_acl_import_doit,
		.policy		= ditto_acl_import_nl_policy,
		.maxattr	= DITTO_A_ACL_DRY_RUN,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_NESTED_ADD,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_nested_add_doit,
		.policy		= ditto_nested_add_nl_policy,
		.maxattr	= DITTO_A_SHARE_PATH,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_NESTED_CHECK,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_nested_check_doit,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_OFFLOAD_GET,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_offload_get_doit,
		.policy		= ditto_offload_get_nl_policy,
		.maxattr	= DITTO_A_OFFLOAD_SHARE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_OFFLOAD_RELEASE,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_offload_release_doit,
		.policy		= ditto_offload_release_nl_policy,
		.maxattr	= DITTO_A_OFFLOAD_COOKIE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_OFFLOAD_FILL,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_offload_fill_doit,
		.policy		= ditto_offload_fill_nl_policy,
		.maxattr	= DITTO_A_OFFLOAD_LENGTH,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_OFFLOAD_RECALL,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_offload_recall_doit,
		.policy		= ditto_offload_recall_nl_policy,
		.maxattr	= DITTO_A_OFFLOAD_DECISION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_NESTED_GET,
		.start		= ditto_nl_nested_get_start,
		.dumpit		= ditto_nl_nested_get_dumpit,
		.policy		= ditto_nested_get_nl_policy,
		.maxattr	= DITTO_A_NESTED_SHARE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_OFFLOAD_ADOPT,
		.pre_doit	= ditto_nl_deferred,
		.doit		= ditto_nl_offload_adopt_doit,
		.policy		= ditto_offload_adopt_nl_policy,
		.maxattr	= DITTO_A_OFFLOAD_COOKIE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_UPCALL_PROGRESS,
		.doit		= ditto_nl_upcall_progress_doit,
		.policy		= ditto_upcall_progress_nl_policy,
		.maxattr	= DITTO_A_UPCALL_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_CONFLICT_GET,
		.start	= ditto_nl_conflict_get_start,
		.dumpit	= ditto_nl_conflict_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= DITTO_CMD_BUDGET_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_budget_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= DITTO_CMD_SHARE_TRAFFIC_GET,
		.start	= ditto_nl_share_traffic_get_start,
		.dumpit	= ditto_nl_share_traffic_get_dumpit,
		.done	= ditto_nl_share_get_done,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= DITTO_CMD_CLIENT_TRAFFIC_GET,
		.start	= ditto_nl_deferred_dump,
		.dumpit	= ditto_nl_client_traffic_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DITTO_CMD_SCAN_OPEN,
		.doit		= ditto_nl_scan_open_doit,
		.policy		= ditto_scan_open_nl_policy,
		.maxattr	= DITTO_A_SCAN_NUMBER,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= DITTO_CMD_SCAN_FORGET,
		.doit	= ditto_nl_scan_forget_doit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DITTO_CMD_SLOW_TRACE,
		.doit		= ditto_nl_slow_trace_doit,
		.policy		= ditto_slow_trace_nl_policy,
		.maxattr	= DITTO_A_SLOW_CALL_OVER_NS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group ditto_nl_mcgrps[] = {
	[DITTO_NLGRP_EVENTS] = { "events", },
};

struct genl_family ditto_nl_family __ro_after_init = {
	.name		= DITTO_FAMILY_NAME,
	.version	= DITTO_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= ditto_nl_ops,
	.n_split_ops	= ARRAY_SIZE(ditto_nl_ops),
	.mcgrps		= ditto_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(ditto_nl_mcgrps),
};
