/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ditto.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_DITTO_GEN_H
#define _LINUX_DITTO_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/ditto.h>

/* Common nested types */
extern const struct nla_policy ditto_ace_nl_policy[DITTO_A_ACE_RIGHTS + 1];
extern const struct nla_policy ditto_rule_nl_policy[DITTO_A_RULE_ANON_GID + 1];
extern const struct nla_policy ditto_rules_nl_policy[DITTO_A_RULES_RULE + 1];
extern const struct nla_policy ditto_setting_change_nl_policy[DITTO_A_SETTING_CHANGE_VALUE + 1];
extern const struct nla_policy ditto_share_option_nl_policy[DITTO_A_SHARE_OPTION_VALUE + 1];
extern const struct nla_policy ditto_share_user_nl_policy[DITTO_A_SHARE_USER_IS_GROUP + 1];
extern const struct nla_policy ditto_share_users_nl_policy[DITTO_A_SHARE_USERS_USER + 1];

int ditto_nl_deferred(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info);
int ditto_nl_share_get_start(struct netlink_callback *cb);
int ditto_nl_deferred_dump(struct netlink_callback *cb);
int ditto_nl_claim_get_start(struct netlink_callback *cb);
int ditto_nl_session_get_start(struct netlink_callback *cb);
int ditto_nl_open_get_start(struct netlink_callback *cb);
int ditto_nl_tree_get_start(struct netlink_callback *cb);
int ditto_nl_connection_get_start(struct netlink_callback *cb);
int ditto_nl_job_get_start(struct netlink_callback *cb);
int ditto_nl_nested_get_start(struct netlink_callback *cb);
int ditto_nl_conflict_get_start(struct netlink_callback *cb);
int ditto_nl_share_traffic_get_start(struct netlink_callback *cb);
int ditto_nl_share_get_done(struct netlink_callback *cb);
int ditto_nl_claim_get_done(struct netlink_callback *cb);
int ditto_nl_session_get_done(struct netlink_callback *cb);
int ditto_nl_open_get_done(struct netlink_callback *cb);
int ditto_nl_tree_get_done(struct netlink_callback *cb);
int ditto_nl_connection_get_done(struct netlink_callback *cb);

int ditto_nl_share_new_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_share_set_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_share_del_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_share_get_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_share_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_listener_new_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_listener_del_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_listener_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int ditto_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_client_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ditto_nl_client_disconnect_doit(struct sk_buff *skb,
				    struct genl_info *info);
int ditto_nl_stat_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_cache_flush_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_helper_register_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_upcall_reply_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_record_load_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_state_begin_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_claim_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_claim_release_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_lock_client_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int ditto_nl_lock_client_release_doit(struct sk_buff *skb,
				      struct genl_info *info);
int ditto_nl_grace_get_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_grace_end_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_session_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int ditto_nl_session_close_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_open_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_open_close_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_tree_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_tree_close_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_setting_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int ditto_nl_acl_get_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_acl_set_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_share_option_get_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb);
int ditto_nl_access_check_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_connection_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int ditto_nl_connection_prove_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_job_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ditto_nl_job_cancel_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_acl_import_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_nested_add_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_nested_check_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_offload_get_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_offload_release_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_offload_fill_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_offload_recall_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_nested_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ditto_nl_offload_adopt_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_upcall_progress_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_conflict_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int ditto_nl_budget_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ditto_nl_share_traffic_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb);
int ditto_nl_client_traffic_get_dumpit(struct sk_buff *skb,
				       struct netlink_callback *cb);
int ditto_nl_scan_open_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_scan_forget_doit(struct sk_buff *skb, struct genl_info *info);
int ditto_nl_slow_trace_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	DITTO_NLGRP_EVENTS,
};

extern struct genl_family ditto_nl_family;

#endif /* _LINUX_DITTO_GEN_H */
