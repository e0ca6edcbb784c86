// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the configuration file, which consists of sections of keys and values. Tables
 * describe the keys. All errors are reported, not only the first.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "mem.h"

/* Limit of reported errors; further ones are mostly consequences. */
#define MISTAKES_MAX	50
/* Keys of the server's section that are no settings of the kernel. */
#define OWN_KEYS	9
/* Most keys of one kind of section; those of the server are the most. */
#define KEYS_MAX	(OWN_KEYS + SETTINGS)

struct parser;

/**
 * struct key - a key of a section
 * @name: name of the key
 * @repeats: may occur several times
 * @share: parses the value into the section's share, or NULL
 * @listener: parses the value into the section's listener, or NULL
 * @store: parses the value of the key into the section's store, or NULL
 * @policy: parses the value of the key into the section's policy, or NULL
 * @config: parses the value into the configuration, or NULL
 */
struct key {
	const char *name;
	bool repeats;
	bool (*share)(struct share *s, const char *value, struct why *why);
	bool (*listener)(struct listener *l, const char *value, struct why *why);
	bool (*store)(struct store_config *s, const char *key, const char *value,
		      struct why *why);
	bool (*policy)(struct offload_policy *p, const char *key, const char *value,
		       struct why *why);
	bool (*config)(struct config *cfg, const char *value, struct why *why);
};

/**
 * struct section - a kind of section
 * @name: first word in the brackets
 * @argument: meaning of the second word; NULL if there is none
 * @keys: keys; ends with an entry without name
 * @begin: called with the second word at the start of a section
 * @end: checks and stores the complete section
 */
struct section {
	const char *name;
	const char *argument;
	const struct key *keys;
	bool (*begin)(struct parser *p, const char *argument, struct why *why);
	bool (*end)(struct parser *p, struct why *why);
};

/**
 * struct parser - state of the parser
 * @name: name of the file
 * @line: number of the present line
 * @cfg: the resulting configuration
 * @mistakes: the errors found
 * @section: the present section; NULL before the first one and in an unknown one
 * @header: line of the section's header
 * @in_unknown: the section is unknown, so its keys are not checked
 * @seen: line of each key that occurred in the section, in the order of its table; then settings
 * @server_line: line of the server's section
 * @tls_line: line of the section [tls]
 * @share: share of the present section
 * @listener: listener of the present section
 * @store: store of the present section
 * @policy: policy of the present section
 */
struct parser {
	const char *name;
	unsigned int line;
	struct config *cfg;
	struct mistakes *mistakes;
	const struct section *section;
	unsigned int header;
	bool in_unknown;
	unsigned int seen[KEYS_MAX];
	unsigned int server_line;
	unsigned int tls_line;
	struct share *share;
	struct listener listener;
	struct store_config *store;
	struct offload_policy policy;
};

static void config_mistake(struct parser *p, unsigned int line, const char *text)
{
	struct mistakes *m = p->mistakes;

	if (m->count == MISTAKES_MAX)
		return;
	m->text = mem_grow(m->text, m->count, sizeof(*m->text));
	if (line)
		m->text[m->count++] = mem_print("%s:%u: %s", p->name, line, text);
	else
		m->text[m->count++] = mem_print("%s: %s", p->name, text);
}

static const struct key listener_keys[] = {
	{ "transport", .listener = listener_set_transport },
	{ "address", .listener = listener_set_address },
	{ "port", .listener = listener_set_port },
	{ .name = NULL }
};

static bool listener_begin(struct parser *p, const char *argument, struct why *why)
{
	memset(&p->listener, 0, sizeof(p->listener));
	return listener_set_protocol(&p->listener, argument, why);
}

static bool listener_end(struct parser *p, struct why *why)
{
	struct config *cfg = p->cfg;
	char mine[LISTENER_TEXT_MAX], other[LISTENER_TEXT_MAX];
	unsigned int i;

	listener_text(&p->listener, mine);
	for (i = 0; i < cfg->nlisteners; i++)
		if (!strcmp(mine, listener_text(&cfg->listeners[i], other)))
			return why_not(why, "[listener]: '%s' is there twice", mine);
	cfg->listeners = mem_grow(cfg->listeners, cfg->nlisteners, sizeof(*cfg->listeners));
	cfg->listeners[cfg->nlisteners++] = p->listener;
	return true;
}

static const struct key share_keys[] = {
	{ "path", .share = share_set_path },
	{ "anon_uid", .share = share_set_anon_uid },
	{ "anon_gid", .share = share_set_anon_gid },
	{ "allow", .share = share_add_rule, .repeats = true },
	{ "id", .share = share_set_id },
	{ "comment", .share = share_set_comment },
	{ "snapshots", .share = share_set_snapshots },
	/*
	 * Names are resolved when the share is applied, because a directory service may not be up
	 * yet.
	 */
	{ "user", .share = share_add_user_unresolved, .repeats = true },
	{ "group", .share = share_add_group_unresolved, .repeats = true },
	{ "default_access", .share = share_set_default_access },
	{ "mountpoint", .share = share_set_mountpoint },
	{ "offload-store", .share = share_set_offload_store },
	{ .name = NULL }
};

static bool share_begin(struct parser *p, const char *argument, struct why *why)
{
	struct config *cfg = p->cfg;
	unsigned int i;

	/* Created even after an error, so that the keys of the section are checked. */
	p->share = share_new(argument);
	if (!share_check_name(argument, why))
		return false;
	for (i = 0; i < cfg->nshares; i++)
		if (!strcmp(cfg->shares[i]->name, argument))
			return why_not(why, "there is a share '%s' already", argument);
	return true;
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

		if ((s->given & other->given & SHARE_BIT(DITTO_A_SHARE_ID)) &&
		    !memcmp(s->id, other->id, sizeof(s->id)))
			return why_not(why, "[share %s]: the id is that of share '%s'", s->name,
				       other->name);
	}
	/* An invalid path was reported at its own line. */
	if (!s->path && !p->seen[0])
		return why_not(why, "[share %s]: 'path' is missing", s->name);
	return true;
}

/* Entries of share_keys, without the end. */
#define SHARE_KEYS	(ARRAY_SIZE(share_keys) - 1)
static_assert(SHARE_KEYS + SHARE_OPTIONS <= KEYS_MAX, "a place for each key");

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
	{ "audit-log", .config = server_set_audit_log },
	{ .name = NULL }
};

static_assert(ARRAY_SIZE(server_keys) == OWN_KEYS + 1, "a place for each key");

static bool server_begin(struct parser *p, const char *argument, struct why *why)
{
	(void)argument;
	if (p->server_line)
		return why_not(why, "[server] is there already, in line %u", p->server_line);
	p->server_line = p->line;
	return true;
}

static bool server_end(struct parser *p, struct why *why)
{
	(void)p;
	(void)why;
	return true;
}

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

static bool tls_add_client(struct config *cfg, const char *value, struct why *why)
{
	return cert_map_add(&cfg->tls.clients, value, why);
}

static const struct key tls_keys[] = {
	{ "agent", .config = tls_set_agent },
	{ "certificate", .config = tls_set_certificate },
	{ "private-key", .config = tls_set_key },
	{ "trust", .config = tls_set_trust },
	{ "client-map", .config = tls_add_client, .repeats = true },
	{ .name = NULL }
};

static bool tls_begin(struct parser *p, const char *argument, struct why *why)
{
	(void)argument;
	if (p->tls_line)
		return why_not(why, "[tls] is there already, in line %u", p->tls_line);
	p->tls_line = p->line;
	return true;
}

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
	{ "ca-file", .store = store_config_set },
	{ "addressing", .store = store_config_set },
	{ "compression", .store = store_config_set },
	{ "parallel", .store = store_config_set },
	{ "timeout-s", .store = store_config_set },
	{ "upload-limit", .store = store_config_set },
	{ .name = NULL }
};

static bool store_begin(struct parser *p, const char *argument, struct why *why)
{
	/* Created even after an error, so that the keys of the section are checked. */
	p->store = store_config_new(argument);
	if (!store_config_check_name(argument, why))
		return false;
	return !config_store(p->cfg, argument) ||
	       why_not(why, "there is a store '%s' already", argument);
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
	{ .name = NULL }
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
		if (!strcmp(cfg->policies[i].name, new->name) ||
		    !strcmp(cfg->policies[i].path, new->path))
			return why_not(why,
				       "[policy %s]: there is [policy %s] with the same name or path",
				       new->name, cfg->policies[i].name);
	cfg->policies = mem_grow(cfg->policies, cfg->npolicies, sizeof(*cfg->policies));
	cfg->policies[cfg->npolicies++] = *new;
	return offload_policy_complete(new, why);
}

static const struct section sections[] = {
	{ "server", NULL, server_keys, server_begin, server_end },
	{ "listener", "protocol", listener_keys, listener_begin, listener_end },
	{ "tls", NULL, tls_keys, tls_begin, tls_end },
	{ "store", "name", store_keys, store_begin, store_end },
	{ "policy", "name", policy_keys, policy_begin, policy_end },
	{ "share", "name", share_keys, share_begin, share_end },
};

#define SECTIONS	(ARRAY_SIZE(sections))

static const char *section_name(const void *arg, unsigned int i)
{
	(void)arg;
	return i < SECTIONS ? sections[i].name : NULL;
}

static const char *key_name(const void *arg, unsigned int i)
{
	if (arg == share_keys && i >= SHARE_KEYS)
		return share_option_name(i - SHARE_KEYS);
	return ((const struct key *)arg)[i].name;
}

/* Return the i-th key that the server's section can contain. */
static const char *server_key_name(const void *arg, unsigned int i)
{
	return i < SETTINGS ? setting_name(arg, i) : server_keys[i - SETTINGS].name;
}

static void unknown_key(struct parser *p, const char *word,
			const char *(*name)(const void *arg, unsigned int i), const void *arg)
{
	const char *near = text_nearest(word, name, arg);
	char all[800] = "";
	const char *known;
	unsigned int i;
	size_t len = 0;
	struct why why;

	for (i = 0; (known = name(arg, i)) && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", known);
	if (near)
		why_not(&why, "[%s] has no key '%s'; did you mean '%s'?", p->section->name, word,
			near);
	else
		why_not(&why, "[%s] has no key '%s': %s are allowed", p->section->name, word, all);
	config_mistake(p, p->line, why.text);
}

static void bad_value(struct parser *p, const char *word, const struct why *why)
{
	struct why full;

	why_not(&full, "%s: %s", word, why->text);
	config_mistake(p, p->line, full.text);
}

/* Note that a key occurred. Returns false, and reports an error, if it occurred before. */
static bool first_time(struct parser *p, unsigned int index, const char *word)
{
	struct why why;

	if (!p->seen[index]) {
		p->seen[index] = p->line;
		return true;
	}
	why_not(&why, "%s: is there already, in line %u", word, p->seen[index]);
	config_mistake(p, p->line, why.text);
	return false;
}

static void read_setting(struct parser *p, const char *word, const char *value)
{
	unsigned int id = setting_find(word);
	struct why why;

	if (id == SETTINGS) {
		unknown_key(p, word, server_key_name, NULL);
		return;
	}
	if (!first_time(p, OWN_KEYS + id, word))
		return;
	p->cfg->given[id] = setting_read(&settings[id], value, &p->cfg->setting[id], &why);
	if (!p->cfg->given[id])
		bad_value(p, word, &why);
}

static void read_key(struct parser *p, const char *word, const char *value)
{
	const struct key *keys = p->section->keys;
	struct why why;
	unsigned int i;
	bool good;

	for (i = 0; keys[i].name; i++) {
		if (!spec_same_word(keys[i].name, word))
			continue;
		if (!keys[i].repeats && !first_time(p, i, word))
			return;
		if (keys[i].share)
			good = keys[i].share(p->share, value, &why);
		else if (keys[i].listener)
			good = keys[i].listener(&p->listener, value, &why);
		else if (keys[i].store)
			good = keys[i].store(p->store, keys[i].name, value, &why);
		else if (keys[i].policy)
			good = keys[i].policy(&p->policy, keys[i].name, value, &why);
		else
			good = keys[i].config(p->cfg, value, &why);
		if (!good)
			bad_value(p, word, &why);
		return;
	}
	/* Options that are numbers have their places after the keys of the table. */
	for (; keys == share_keys && share_option_name(i - SHARE_KEYS); i++) {
		if (!spec_same_word(share_option_name(i - SHARE_KEYS), word))
			continue;
		if (first_time(p, i, word) && !share_set_option(p->share, word, value, &why))
			bad_value(p, word, &why);
		return;
	}
	if (keys == server_keys)
		read_setting(p, word, value);
	else
		unknown_key(p, word, key_name, keys);
}

static void end_section(struct parser *p)
{
	struct why why;

	if (p->section && !p->section->end(p, &why))
		config_mistake(p, p->header, why.text);
	p->section = NULL;
	memset(p->seen, 0, sizeof(p->seen));
}

static char *config_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t");
}

/* Parse "name argument", the text inside the brackets. */
static void begin_section(struct parser *p, char *text)
{
	char *argument = text + strcspn(text, " \t");
	const char *near;
	struct why why;
	size_t i;

	if (*argument)
		*argument++ = '\0';
	argument = config_trim(argument);
	for (i = 0; i < SECTIONS && strcmp(sections[i].name, text); i++)
		;
	p->in_unknown = i == SECTIONS;
	if (p->in_unknown) {
		near = text_nearest(text, section_name, NULL);
		why_not(&why, near ? "there is no section [%s]; did you mean [%s]?" :
			"there is no section [%s]: [server], [listener PROTOCOL], [tls], [store NAME], [policy NAME] and [share NAME] are allowed",
			text, near);
		config_mistake(p, p->line, why.text);
		return;
	}
	p->section = &sections[i];
	p->header = p->line;
	if (p->section->argument && !*argument) {
		why_not(&why, "[%s]: the %s is missing", text, p->section->argument);
		config_mistake(p, p->line, why.text);
	} else if (!p->section->argument && *argument) {
		why_not(&why, "[%s]: '%s' is one word too many", text, argument);
		config_mistake(p, p->line, why.text);
		argument = "";
	}
	if (!p->section->begin(p, argument, &why) && (*argument || !p->section->argument))
		config_mistake(p, p->line, why.text);
}

static void read_line(struct parser *p, char *text)
{
	char *value;
	char *end;

	text = config_trim(text);
	if (!*text || *text == '#' || *text == ';')
		return;
	if (*text == '[') {
		end_section(p);
		end = text + strlen(text) - 1;
		if (*end != ']') {
			config_mistake(p, p->line,
				       "a section's ']' is missing at the end of the line");
			p->in_unknown = true;
			return;
		}
		*end = '\0';
		begin_section(p, config_trim(text + 1));
		return;
	}
	value = strchr(text, '=');
	if (!value || value == text) {
		config_mistake(p, p->line,
			       "neither a [section], nor 'key = value', nor a # comment");
		return;
	}
	*value++ = '\0';
	if (p->section)
		read_key(p, config_trim(text), config_trim(value));
	else if (!p->in_unknown)
		config_mistake(p, p->line, "a key before the first [section]");
}

/* Sections may be in any order, so this is checked after the last one. */
static void config_check_stores(struct parser *p)
{
	struct why why;
	unsigned int i;

	for (i = 0; i < p->cfg->nshares; i++) {
		const struct share *s = p->cfg->shares[i];

		if (!s->offload_store || config_store(p->cfg, s->offload_store))
			continue;
		why_not(&why, "[share %s]: offload-store: there is no [store %s]", s->name,
			s->offload_store);
		config_mistake(p, 0, why.text);
	}
	for (i = 0; i < p->cfg->npolicies; i++) {
		const struct offload_policy *policy = &p->cfg->policies[i];

		if (!policy->store[0] || config_store(p->cfg, policy->store))
			continue;
		why_not(&why, "[policy %s]: store: there is no [store %s]", policy->name,
			policy->store);
		config_mistake(p, 0, why.text);
	}
}

struct config *config_parse(const char *name, char *text, size_t len,
			    struct mistakes *mistakes)
{
	struct parser p = { .name = name, .mistakes = mistakes };
	char *end = text + len;
	char *next;

	p.cfg = config_new();
	memset(mistakes, 0, sizeof(*mistakes));
	for (; text < end; text = next) {
		size_t rest = (size_t)(end - text);
		char *newline = memchr(text, '\n', rest);

		p.line++;
		next = newline ? newline + 1 : end;
		if (memchr(text, '\0', (size_t)((newline ? newline : end) - text))) {
			config_mistake(&p, p.line, "a NUL byte: this is not a text file");
			break;
		}
		if (newline)
			*newline = '\0';
		read_line(&p, text);
	}
	end_section(&p);
	config_check_stores(&p);
	share_free(p.share);
	store_config_free(p.store);
	if (!mistakes->count)
		return p.cfg;
	config_free(p.cfg);
	return NULL;
}
