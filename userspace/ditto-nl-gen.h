/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by userspace/gen-bindings from Documentation/netlink/specs/ditto.yaml. */
#ifndef _DITTO_NL_GEN_H
#define _DITTO_NL_GEN_H

#include <linux/ditto.h>

#include "common/spec.h"

extern const struct spec_enum spec_squash_mode;
extern const struct spec_enum spec_acl_mode;
extern const struct spec_enum spec_flavor;
extern const struct spec_enum spec_login_kind;
extern const struct spec_enum spec_access_right;
extern const struct spec_enum spec_share_right;
extern const struct spec_enum spec_nested_state;
extern const struct spec_enum spec_grace_state;
extern const struct spec_enum spec_grace_others;
extern const struct spec_enum spec_setting_type;
extern const struct spec_enum spec_transport_type;
extern const struct spec_enum spec_upcall_kind;
extern const struct spec_enum spec_audit_kind;
extern const struct spec_enum spec_token_privilege;
extern const struct spec_enum spec_record_type;
extern const struct spec_enum spec_claim_type;
extern const struct spec_enum spec_claim_state;
extern const struct spec_enum spec_conflict_operation;
extern const struct spec_enum spec_conflict_outcome;
extern const struct spec_enum spec_budget_level;
extern const struct spec_enum spec_range_discipline;
extern const struct spec_enum spec_open_right;
extern const struct spec_enum spec_open_durability;
extern const struct spec_enum spec_lease_right;
extern const struct spec_enum spec_event_kind;
extern const struct spec_enum spec_acl_source;
extern const struct spec_enum spec_acl_import_result;
extern const struct spec_enum spec_acl_flag;
extern const struct spec_enum spec_acl_entry_type;
extern const struct spec_enum spec_acl_entry_flag;
extern const struct spec_enum spec_acl_entry_who;
extern const struct spec_enum spec_acl_right;
extern const struct spec_enum spec_access_refusal;
extern const struct spec_enum spec_grant_source;
extern const struct spec_enum spec_access_reason;
extern const struct spec_enum spec_access_class;
extern const struct spec_enum spec_offload_state;
extern const struct spec_enum spec_offload_decision;
extern const struct spec_enum spec_offload_obstacle;
extern const struct spec_enum spec_mode_bit;

extern const struct spec_set spec_rule_set;
extern const struct spec_set spec_share_set;
extern const struct spec_set spec_share_option_set;
extern const struct spec_set spec_rules_set;
extern const struct spec_set spec_share_user_set;
extern const struct spec_set spec_share_users_set;
extern const struct spec_set spec_listener_set;
extern const struct spec_set spec_server_set;
extern const struct spec_set spec_budget_set;
extern const struct spec_set spec_level_budget_set;
extern const struct spec_set spec_client_set;
extern const struct spec_set spec_stat_set;
extern const struct spec_set spec_traffic_set;
extern const struct spec_set spec_event_set;
extern const struct spec_set spec_upcall_set;
extern const struct spec_set spec_state_set;
extern const struct spec_set spec_record_set;
extern const struct spec_set spec_claim_set;
extern const struct spec_set spec_conflict_side_set;
extern const struct spec_set spec_conflict_set;
extern const struct spec_set spec_lock_client_set;
extern const struct spec_set spec_grace_set;
extern const struct spec_set spec_session_set;
extern const struct spec_set spec_open_set;
extern const struct spec_set spec_tree_set;
extern const struct spec_set spec_connection_set;
extern const struct spec_set spec_setting_change_set;
extern const struct spec_set spec_setting_set;
extern const struct spec_set spec_ace_set;
extern const struct spec_set spec_acl_set;
extern const struct spec_set spec_decision_set;
extern const struct spec_set spec_access_set;
extern const struct spec_set spec_nested_set;
extern const struct spec_set spec_job_set;
extern const struct spec_set spec_offload_set;
extern const struct spec_set spec_scan_set;
extern const struct spec_set spec_slow_call_set;

/* By command number. */
extern const struct spec_op spec_ops[DITTO_CMD_MAX + 1];

#endif
