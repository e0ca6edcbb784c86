// SPDX-License-Identifier: GPL-2.0-only
/* Sections of the configuration file, see config_sections.h. */

#include <assert.h>
#include <string.h>

#include "config_sections.h"
#include "homes.h"
#include "mem.h"

static const struct key listener_keys[] = {
	{ "transport", .listener = listener_set_transport },
	{ "address", .listener = listener_set_address },
	{ "port", .listener = listener_set_port },
};

static bool listener_begin(struct parser *p, const char *argument, struct why *why)
{
	memset(&p->listener, 0, sizeof(p->listener));
	return listener_set_protocol(&p->listener, argument, why);
}

static bool listener_end(struct parser *p, struct why *why)
{
	struct config *cfg = p->cfg;
	char mine[LISTENER_TEXT_MAX], other[LISTENER_TEXT_MAX], what[LISTENER_TEXT_MAX + 16];
	unsigned int i;

	listener_text(&p->listener, mine);
	snprintf(what, sizeof(what), "listener %s", mine);
	for (i = 0; i < cfg->nlisteners; i++)
		if (!strcmp(mine, listener_text(&cfg->listeners[i], other)))
			return section_is_there(p, what, &cfg->places[p->listener_places[i]], why);
	p->listener_places = mem_grow(p->listener_places, cfg->nlisteners,
				      sizeof(*p->listener_places));
	p->listener_places[cfg->nlisteners] = cfg->nplaces - 1;
	cfg->listeners = mem_grow(cfg->listeners, cfg->nlisteners, sizeof(*cfg->listeners));
	cfg->listeners[cfg->nlisteners++] = p->listener;
	return true;
}

static bool share_use_template(struct parser *p, const char *value, struct why *why)
{
	unsigned int i;

	if (section_is_template(p))
		return why_not(why, "a template does not use another one");
	for (i = 0; i < p->ntemplates; i++)
		if (!strcmp(p->templates[i].name, value))
			p->uses = &p->templates[i];
	return p->uses || why_not(why, "there is no [template %.60s] above", value);
}

static bool homes_set_create(struct parser *p, const char *value, struct why *why)
{
	if (strcmp(p->section->name, "homes"))
		return why_not(why, "it is a key of [homes]");
	return text_bool(value, &p->cfg->home_create, why);
}

static const struct key share_keys[] = {
	{ "path", .share = share_set_path },
	{ "anon_uid", .share = share_set_anon_uid },
	{ "anon_gid", .share = share_set_anon_gid },
	{ "allow", .share = share_add_rule, .repeats = true },
	{ "id", .share = share_set_id },
	{ "comment", .share = share_set_comment },
	{ "snapshots", .share = share_set_snapshots },
	{ "snapshot-schedule", .share = share_set_snapshot_schedule },
	{ "protocols", .share = share_set_protocols },
	{ "link", .share = share_add_link, .repeats = true },
	{ "trash-exclude", .share = share_set_trash_exclude },
	{ "veto-files", .share = share_set_veto_files },
	{ "force-user", .share = share_set_force_user },
	{ "force-group", .share = share_set_force_group },
	/*
	 * Names are resolved when the share is applied, because a directory service may not be up
	 * yet.
	 */
	{ "user", .share = share_add_user_unresolved, .repeats = true },
	{ "group", .share = share_add_group_unresolved, .repeats = true },
	{ "default_access", .share = share_set_default_access },
	{ "mountpoint", .share = share_set_mountpoint },
	{ "offload-store", .share = share_set_offload_store },
	{ "template", .parser = share_use_template },
	{ "home-create", .parser = homes_set_create },
};

static bool share_begin(struct parser *p, const char *argument, struct why *why)
{
	/* Created even after an error, so that the keys of the section are checked. */
	p->share = share_new(argument);
	return share_check_name(argument, why);
}

static bool share_end(struct parser *p, struct why *why)
{
	struct config *cfg = p->cfg;
	struct share *s = p->share;
	unsigned int i;

	p->share = NULL;
	cfg->shares = mem_grow(cfg->shares, cfg->nshares, sizeof(*cfg->shares));
	cfg->shares[cfg->nshares++] = s;
	for (i = 0; i + 1 < cfg->nshares; i++) {
		const struct share *other = cfg->shares[i];

		if ((s->given.attrs & other->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)) &&
		    !memcmp(s->id, other->id, sizeof(s->id)))
			return why_not(why, "[share %s]: the id is that of share '%s'", s->name,
				       other->name);
	}
	if (s->snapshot_keep[0].period && !s->snapshots)
		return why_not(why,
			       "[share %s]: snapshot-schedule: the key snapshots is missing, which names the directory, such as .snapshots",
			       s->name);
	/* An invalid path was reported at its own line. */
	if (!s->path && !p->seen[0])
		return why_not(why, "[share %s]: 'path' is missing", s->name);
	return true;
}

static bool homes_begin(struct parser *p, const char *argument, struct why *why)
{
	(void)argument;
	(void)why;
	p->share = share_new("");
	return true;
}

static bool homes_end(struct parser *p, struct why *why)
{
	struct share *rule = p->share;

	p->share = NULL;
	share_free(p->cfg->homes);
	p->cfg->homes = rule;
	/* An invalid path was reported at its own line. */
	if (!rule->path)
		return p->seen[0] || why_not(why, "[homes]: 'path' is missing");
	return homes_check(rule, why);
}

static bool template_begin(struct parser *p, const char *argument, struct why *why)
{
	(void)why;
	/* The keys are read into a share, which checks them, and again into those that use it. */
	p->share = share_new("");
	p->templates = mem_grow(p->templates, p->ntemplates, sizeof(*p->templates));
	p->templates[p->ntemplates++] = (struct template){ .name = argument, .file = p->name };
	return true;
}

static bool template_end(struct parser *p, struct why *why)
{
	bool own = p->seen[0] || p->share->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID);

	share_free(p->share);
	p->share = NULL;
	return !own || why_not(why, "[template]: 'path' and 'id' are for one share");
}

static_assert(ARRAY_SIZE(share_keys) + SHARE_OPTIONS <= CONFIG_KEYS_MAX, "a place for each key");

static bool server_set_domain(struct config *cfg, const char *value, struct why *why)
{
	if (!value[0] || strlen(value) >= sizeof(cfg->domain) || strpbrk(value, "@ \t"))
		return why_not(why, "'%.60s' is no domain, such as example.org", value);
	memcpy(cfg->domain, value, strlen(value) + 1);
	return true;
}

static bool server_add_user_map(struct config *cfg, const char *value, struct why *why)
{
	return user_map_add(&cfg->users, value, why);
}

static bool server_set_min_uid(struct config *cfg, const char *value, struct why *why)
{
	u64 uid;

	/* (uid_t)-1 is no user. */
	if (!text_number(value, 0, UINT32_MAX - 1, &uid, why))
		return false;
	cfg->users.min_uid = (u32)uid;
	return true;
}

static bool server_set_identity(struct config *cfg, const char *value, struct why *why)
{
	return identity_order_parse(&cfg->identity, value, why);
}

static bool server_add_alias(struct config *cfg, const char *value, struct why *why)
{
	return identity_alias_add(&cfg->aliases, value, why);
}

static bool server_set_nfsidmap(struct config *cfg, const char *value, struct why *why)
{
	return text_bool(value, &cfg->nfsidmap, why);
}

static bool server_set_nfs_gss(struct config *cfg, const char *value, struct why *why)
{
	cfg->gssproxy = !strcmp(value, "gssproxy");
	if (!cfg->gssproxy && strcmp(value, "dittod"))
		return why_not(why, "'%.60s' is not allowed: dittod, gssproxy are", value);
	return true;
}

static bool server_set_services(struct config *cfg, const char *value, struct why *why)
{
	return service_names_parse(&cfg->services, value, why);
}

static bool server_set_servers(struct config *cfg, const char *value, struct why *why)
{
	return service_names_parse(&cfg->servers, value, why);
}

static bool server_add_share_root(struct config *cfg, const char *value, struct why *why)
{
	return share_roots_add(&cfg->share_roots, value, why);
}

static bool config_set_path(char **path, const char *value, struct why *why)
{
	if (value[0] != '/')
		return why_not(why, "'%.60s' is not allowed: an absolute path is", value);
	*path = mem_string(value);
	return true;
}

static bool server_set_audit_log(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->audit_log, value, why);
}

static bool server_set_scan_command(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->scan_command, value, why);
}

static bool server_set_workgroup(struct config *cfg, const char *value, struct why *why)
{
	cfg->workgroup = mem_string(value);
	return text_workgroup(value, why);
}

static bool server_set_string(struct config *cfg, const char *value, struct why *why)
{
	cfg->server_string = mem_string(value);
	return text_server_string(value, why);
}

/* Keys that dittod itself uses. */
static const struct key server_keys[] = {
	{ "domain", .config = server_set_domain },
	{ "user-map", .config = server_add_user_map, .repeats = true },
	{ "min-uid", .config = server_set_min_uid },
	{ "identity", .config = server_set_identity },
	{ "builtin", .config = server_add_alias, .repeats = true },
	{ "nfsidmap", .config = server_set_nfsidmap },
	{ "nfs-gss", .config = server_set_nfs_gss },
	{ "service-names", .config = server_set_services },
	{ "server-names", .config = server_set_servers },
	{ "share-root", .config = server_add_share_root, .repeats = true },
	{ "audit-log", .config = server_set_audit_log },
	{ "scan-command", .config = server_set_scan_command },
	{ "workgroup", .config = server_set_workgroup },
	{ "server-string", .config = server_set_string },
};

static_assert(ARRAY_SIZE(server_keys) + SETTINGS <= CONFIG_KEYS_MAX, "a place for each key");

static bool tls_set_agent(struct config *cfg, const char *value, struct why *why)
{
	return tls_config_set_agent(&cfg->tls, value, why);
}

static bool tls_set_certificate(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->tls.certificate, value, why);
}

static bool tls_set_key(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->tls.key, value, why);
}

static bool tls_set_trust(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->tls.trust, value, why);
}

static bool tls_set_crl(struct config *cfg, const char *value, struct why *why)
{
	return config_set_path(&cfg->tls.crl, value, why);
}

static bool tls_add_client(struct config *cfg, const char *value, struct why *why)
{
	return cert_map_add(&cfg->tls.clients, value, why);
}

static const struct key tls_keys[] = {
	{ "agent", .config = tls_set_agent },
	{ "certificate", .config = tls_set_certificate },
	{ "private-key", .config = tls_set_key },
	{ "trust", .config = tls_set_trust },
	{ "crl", .config = tls_set_crl },
	{ "client-map", .config = tls_add_client, .repeats = true },
};

static bool tls_end(struct parser *p, struct why *why)
{
	const struct tls_config *tls = &p->cfg->tls;

	if (!tls->certificate != !tls->key)
		return why_not(why, "[tls]: '%s' is missing",
			       tls->key ? "certificate" : "private-key");
	return true;
}

static const struct key store_keys[] = {
	{ "endpoint", .store = store_config_set },
	{ "bucket", .store = store_config_set },
	{ "region", .store = store_config_set },
	{ "prefix", .store = store_config_set },
	{ "credentials-file", .store = store_config_set },
	{ "key-file", .store = store_config_set },
	{ "key-command", .store = store_config_set },
	{ "key-ids", .store = store_config_set },
	{ "ca-file", .store = store_config_set },
	{ "proxy", .store = store_config_set },
	{ "addressing", .store = store_config_set },
	{ "encryption", .store = store_config_set },
	{ "compression", .store = store_config_set },
	{ "packing", .store = store_config_set },
	{ "lifecycle", .store = store_config_set },
	{ "parallel", .store = store_config_set },
	{ "timeout-s", .store = store_config_set },
	{ "probe-s", .store = store_config_set },
	{ "upload-limit", .store = store_config_set },
};

static bool store_begin(struct parser *p, const char *argument, struct why *why)
{
	/* Created even after an error, so that the keys of the section are checked. */
	p->store = store_config_new(argument);
	return store_config_check_name(argument, why);
}

static bool store_end(struct parser *p, struct why *why)
{
	struct config *cfg = p->cfg;
	struct store_config *s = p->store;

	p->store = NULL;
	cfg->stores = mem_grow(cfg->stores, cfg->nstores, sizeof(*cfg->stores));
	cfg->stores[cfg->nstores++] = s;
	return store_config_complete(s, why);
}

static const struct key policy_keys[] = {
	{ "path", .policy = offload_policy_set },
	{ "store", .policy = offload_policy_set },
	{ "include", .policy = offload_policy_set },
	{ "exclude", .policy = offload_policy_set },
	{ "accessed", .policy = offload_policy_set },
	{ "changed", .policy = offload_policy_set },
	{ "min-size", .policy = offload_policy_set },
	{ "max-size", .policy = offload_policy_set },
	{ "start", .policy = offload_policy_set },
	{ "stop", .policy = offload_policy_set },
	{ "schedule", .policy = offload_policy_set },
};

static bool policy_begin(struct parser *p, const char *argument, struct why *why)
{
	offload_policy_init(&p->policy, argument);
	/* The rules are those for names of stores. */
	return store_config_check_name(argument, why);
}

static bool policy_end(struct parser *p, struct why *why)
{
	const struct offload_policy *new = &p->policy;
	struct config *cfg = p->cfg;
	unsigned int i;

	for (i = 0; i < cfg->npolicies; i++)
		if (!strcmp(cfg->policies[i].path, new->path))
			return why_not(why, "[policy %s]: there is [policy %s] with the same path",
				       new->name, cfg->policies[i].name);
	cfg->policies = mem_grow(cfg->policies, cfg->npolicies, sizeof(*cfg->policies));
	cfg->policies[cfg->npolicies++] = *new;
	return offload_policy_complete(new, why);
}

static const struct key schedule_keys[] = {
	{ "snapshots", .schedule = offload_schedule_set },
	{ "snapshot-content", .schedule = offload_schedule_set },
	{ "gc", .schedule = offload_schedule_set },
	{ "scrub", .schedule = offload_schedule_set },
};

const struct section config_sections[CONFIG_SECTIONS] = {
	{ "server", NULL, server_keys, NULL, NULL,
	  .n = ARRAY_SIZE(server_keys), .settings = true },
	{ "listener", "protocol", listener_keys, listener_begin, listener_end,
	  .n = ARRAY_SIZE(listener_keys), .repeats = true },
	{ "tls", NULL, tls_keys, NULL, tls_end,
	  .n = ARRAY_SIZE(tls_keys) },
	{ "store", "name", store_keys, store_begin, store_end,
	  .n = ARRAY_SIZE(store_keys) },
	{ "policy", "name", policy_keys, policy_begin, policy_end,
	  .n = ARRAY_SIZE(policy_keys) },
	{ "schedule", NULL, schedule_keys, NULL, NULL,
	  .n = ARRAY_SIZE(schedule_keys) },
	{ "homes", NULL, share_keys, homes_begin, homes_end,
	  .n = ARRAY_SIZE(share_keys), .options = true },
	{ "template", "name", share_keys, template_begin, template_end,
	  .n = ARRAY_SIZE(share_keys), .options = true },
	{ "share", "name", share_keys, share_begin, share_end,
	  .n = ARRAY_SIZE(share_keys), .options = true },
};

bool section_is_template(const struct parser *p)
{
	return p->section->end == template_end;
}
