// SPDX-License-Identifier: GPL-2.0-only
/* exports(5) of nfs-utils, whose words the table below maps; see import.h. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ditto-nl-gen.h"
#include "import.h"
#include "mem.h"
#include "nl/share.h"

#define EXPORTS		"/etc/exports"
#define EXPORTS_FOLDER	"/etc/exports.d"
#define NFS_CONF	"/etc/nfs.conf"
#define NFS_CONF_FOLDER	"/etc/nfs.conf.d"
#define CLIENTS_MAX	4096
/* Exports whose paths give the same name. */
#define NAMESAKES_MAX	99

/* Keys that a share has once, but each client of an export. */
enum wide_key { SEC, XPRTSEC, SECURE_PORTS, NESTED, LABELS, MOUNTPOINT, WIDE };

/*
 * With the value of a client that names none, and the value if clients differ; without one, those
 * that differ from the first are denied.
 */
static const struct {
	const char *key;
	const char *usual;
	const char *differ;
} wide_keys[WIDE] = {
	[SEC] = { "sec", "sys", NULL },
	[XPRTSEC] = { "xprtsec", "none,tls,mtls", NULL },
	[SECURE_PORTS] = { "secure-ports", "yes", "yes" },
	[NESTED] = { "nested", "off", "off" },
	[LABELS] = { "security-labels", "no", "no" },
	[MOUNTPOINT] = { "mountpoint", "no", "yes" },
};

enum effect {
	READ_ONLY,	/* of the rule of the client */
	ROOT_SQUASH,
	ALL_SQUASH,
	ANON_UID,
	ANON_GID,
	KEY,		/* one of wide_keys[] */
	NEEDLESS,
	LOST,
	REFUSED,	/* without counterpart, and the share is left out */
};

/**
 * struct export_option - an option of exports(5)
 * @name: its name; one that ends with '=' is followed by a value
 * @effect: what becomes of it
 * @arg: enum wide_key, or the truth value of the effect
 * @to: value of the key, NULL if the option has it; else for the documentation, or the reason
 */
static const struct export_option {
	const char *name;
	enum effect effect;
	unsigned int arg;
	const char *to;
} options[] = {
	{ "ro", READ_ONLY, true, "`allow = CLIENT=ro`" },
	{ "rw", READ_ONLY, false, "`allow = CLIENT=rw`" },
	{ "root_squash", ROOT_SQUASH, true, "`squash = root-to-guest`, the default" },
	{ "no_root_squash", ROOT_SQUASH, false, "`allow = CLIENT=...,squash=root-to-admin`" },
	{ "all_squash", ALL_SQUASH, true, "`allow = CLIENT=...,squash=all-to-guest`" },
	{ "no_all_squash", ALL_SQUASH, false, "users act as themselves, the default" },
	{ "sec=", KEY, SEC, NULL },
	{ "xprtsec=", KEY, XPRTSEC, NULL },
	{ "anonuid=", ANON_UID, 0, "`allow = CLIENT=...,anon-uid=...`" },
	{ "anongid=", ANON_GID, 0, "`allow = CLIENT=...,anon-gid=...`" },
	{ "secure", KEY, SECURE_PORTS, "yes" },
	{ "insecure", KEY, SECURE_PORTS, "no" },
	{ "crossmnt", KEY, NESTED, "on" },
	{ "nocrossmnt", KEY, NESTED, "off" },
	{ "hide", NEEDLESS, 0, "a file system below a share is hidden unless nested is on" },
	{ "nohide", LOST, 0, "nested of the share above shows file systems below it" },
	{ "security_label", KEY, LABELS, "yes" },
	{ "mp", KEY, MOUNTPOINT, "yes" },
	{ "mountpoint", KEY, MOUNTPOINT, "yes" },
	{ "mp=", KEY, MOUNTPOINT, "yes" },
	{ "mountpoint=", KEY, MOUNTPOINT, "yes" },
	{ "sync", NEEDLESS, 0, "what a client was promised to be on the disk is there" },
	{ "async", LOST, 0, "what a client was promised to be on the disk is there" },
	{ "wdelay", NEEDLESS, 0, "writes do not wait for others" },
	{ "no_wdelay", NEEDLESS, 0, "writes do not wait for others" },
	{ "subtree_check", NEEDLESS, 0, "file handles do not leave their share" },
	{ "no_subtree_check", NEEDLESS, 0, "file handles do not leave their share" },
	{ "auth_nlm", NEEDLESS, 0, "locks need the permission to read" },
	{ "secure_locks", NEEDLESS, 0, "locks need the permission to read" },
	{ "no_auth_nlm", LOST, 0, "locks need the permission to read" },
	{ "insecure_locks", LOST, 0, "locks need the permission to read" },
	{ "acl", NEEDLESS, 0, "clients see access control lists" },
	{ "no_acl", LOST, 0, "clients see access control lists" },
	{ "rdirplus", NEEDLESS, 0, "clients choose how they list" },
	{ "nordirplus", LOST, 0, "clients choose how they list" },
	{ "pnfs", LOST, 0, "there are no layouts" },
	{ "no_pnfs", NEEDLESS, 0, "there are no layouts" },
	{ "fsid=0", LOST, 0, "the root of NFSv4 has all shares, by path and by name" },
	{ "fsid=root", LOST, 0, "the root of NFSv4 has all shares, by path and by name" },
	{ "fsid=", NEEDLESS, 0, "a share has a lasting identity, which the key id can set" },
	{ "replicas=", LOST, 0, "clients are not told of replicas" },
	{ "reexport=", LOST, 0, "handles of file systems of other servers are not kept" },
	{ "refer=", REFUSED, 0, "the key link of the share above leads clients to other servers" },
	{ "map_identity", NEEDLESS, 0, "numbers of users are taken as they are" },
};

/* In the order in which the kinds of clients match, whatever the order of the line. */
enum client_kind { CLIENT_HOST, CLIENT_NETWORK, CLIENT_WILDCARD, CLIENT_NETGROUP, CLIENT_ANY };

/**
 * struct export_client - a client of an export
 * @at: where it is
 * @path: the directory
 * @host: the client, as in ditto.conf(5)
 * @kind: what it is
 * @read_only: no changes
 * @root_squash: root becomes the anonymous user
 * @all_squash: everybody does
 * @anon_uid: words of the rule about the anonymous user, or ""
 * @anon_gid: the same for its group
 * @has_sec: security flavours are named
 * @key: values of wide_keys[]
 * @cannot: why the export is left out, or NULL
 */
struct export_client {
	struct import_source at;
	const char *path;
	const char *host;
	enum client_kind kind;
	bool read_only;
	bool root_squash;
	bool all_squash;
	const char *anon_uid;
	const char *anon_gid;
	bool has_sec;
	const char *key[WIDE];
	const char *cannot;
};

/**
 * struct exports - what is read
 * @im: the import
 * @chain: memory of all texts
 * @client: clients of all exports
 * @n: entries of @client
 * @manage_gids: the server decides which groups users have, or may do so
 * @guessed: its nfs.conf(5) is not known
 */
struct exports {
	struct import *im;
	struct mem_chain *chain;
	struct export_client *client;
	unsigned int n;
	bool manage_gids;
	bool guessed;
};

/**
 * struct reader - a file of exports
 * @at: the line that is read
 * @p: the next character
 * @word: the last word
 * @bad: what is wrong with it, or NULL
 */
struct reader {
	struct import_source at;
	const char *p;
	char *word;
	const char *bad;
};

static bool reader_continues(struct reader *r)
{
	if (r->p[0] != '\\' || r->p[1] != '\n')
		return false;
	r->p += 2;
	r->at.line++;
	return true;
}

/* A character by three octal digits, or 0 if there is none. */
static char reader_octal(const char *p)
{
	unsigned int i, c = 0;

	for (i = 1; i <= 3; i++) {
		if (p[0] != '\\' || p[i] < '0' || p[i] > '7')
			return 0;
		c = c << 3 | (unsigned int)(p[i] - '0');
	}
	return c < 0x100 ? (char)c : 0;
}

/* Read the next word of a line. Returns false at its end. */
static bool reader_word(struct reader *r)
{
	bool quoted = false;
	char *to = r->word;

	r->bad = NULL;
	do {
		r->p += strspn(r->p, " \t\r");
	} while (reader_continues(r));
	if (!*r->p || strchr("\n#", *r->p))
		return false;
	for (; *r->p && *r->p != '\n'; r->p++) {
		char c = reader_octal(r->p);

		if (!quoted && (strchr(" \t\r", *r->p) || !strncmp(r->p, "\\\n", 2)))
			break;
		/* Of nfs-utils some versions see a comment, others a part of the word. */
		if (!quoted && *r->p == '#')
			r->bad = "a # inside a word: quote it, or have a blank before a comment";
		if (*r->p == '"') {
			quoted = !quoted;
			continue;
		}
		*to++ = c ? c : *r->p;
		if (c)
			r->p += 3;
	}
	*to = '\0';
	if (quoted)
		r->bad = "a quotation mark is missing";
	return true;
}

static bool reader_line_end(struct reader *r)
{
	r->p += strcspn(r->p, "\n");
	if (!*r->p)
		return false;
	r->p++;
	r->at.line++;
	return true;
}

static const struct export_option *option_find(const char *word)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		len = strlen(options[i].name);
		if (!strcmp(options[i].name, word) ||
		    (options[i].name[len - 1] == '=' && !strncmp(options[i].name, word, len)))
			return &options[i];
	}
	return NULL;
}

/* Check the value of a key of a share. Reports the option if it is not allowed. */
static bool value_is_allowed(struct exports *x, const struct export_client *c, const char *what,
			     const char *key, const char *value)
{
	struct import scratch = { 0 };
	struct import_section *s;
	struct why why;
	bool allowed;

	s = import_share_add(&scratch, "check", &why);
	allowed = s && import_set(s, key, value, &why);
	import_free(&scratch);
	if (!allowed)
		import_tell(x->im, &c->at, what, IMPORT_LOST, "%s", why.text);
	return allowed;
}

/* Use a key that all clients of the share have in common. */
static void option_key(struct exports *x, struct export_client *c, const struct export_option *o,
		       const char *what, const char *value)
{
	char *text = mem_chain_print(&x->chain, "%s", value), *p;

	for (p = text; o->arg <= XPRTSEC && (p = strchr(p, ':')); p++)
		*p = ',';
	if (o->arg == SEC)
		text = !strcmp(text, "unix") ? "sys" : !strcmp(text, "null") ? "none" : text;
	if (o->arg == SEC && c->has_sec)
		c->cannot = "what differs between security flavours has no counterpart";
	c->has_sec |= o->arg == SEC;
	if (!value_is_allowed(x, c, what, wide_keys[o->arg].key, text)) {
		c->cannot = "the value of an option is not known";
		return;
	}
	c->key[o->arg] = text;
	import_tell(x->im, &c->at, what, IMPORT_MAPPED, "%s = %s", wide_keys[o->arg].key, text);
}

/* Use a user or group that the client's rule names. */
static void option_anon(struct exports *x, struct export_client *c, const struct export_option *o,
			const char *what, const char *value)
{
	const char **to = o->effect == ANON_UID ? &c->anon_uid : &c->anon_gid;
	const char *words, *rule;

	/* A negative number is 65534 to clients of 16 bits, which is the default; or nobody's. */
	words = value[0] == '-' ? "" :
		mem_chain_print(&x->chain, ",%s=%s", o->effect == ANON_UID ? "anon-uid" :
				"anon-gid", value);
	rule = mem_chain_print(&x->chain, "any%s", words);
	if (value_is_allowed(x, c, what, "allow", rule))
		*to = words;
	else
		c->cannot = "the value of an option is not allowed";
}

static void options_read(struct exports *x, struct export_client *c, const char *host, char *text)
{
	char *word;

	while ((word = strsep(&text, ","))) {
		const struct export_option *o = option_find(word);
		const char *value = strchr(word, '=');
		char *what;

		if (!*word)
			continue;
		value = value ? value + 1 : "";
		what = mem_chain_print(&x->chain, "%s(%s)", host, word);
		if (!o) {
			c->cannot = "an option is not known";
			import_tell(x->im, &c->at, what, IMPORT_LOST, "it is not known");
			continue;
		}
		if (o->effect == READ_ONLY)
			c->read_only = o->arg;
		else if (o->effect == ROOT_SQUASH)
			c->root_squash = o->arg;
		else if (o->effect == ALL_SQUASH)
			c->all_squash = o->arg;
		else if (o->effect == ANON_UID || o->effect == ANON_GID)
			option_anon(x, c, o, what, value);
		else if (o->effect == KEY && o->arg == MOUNTPOINT && *value &&
			 strcmp(value, c->path))
			c->cannot = "mountpoint asks for the path of the share itself";
		else if (o->effect == KEY)
			option_key(x, c, o, what, o->to ?: value);
		else
			import_tell(x->im, &c->at, what, o->effect == NEEDLESS ? IMPORT_NEEDLESS :
				    IMPORT_LOST, "%s", o->to);
		if (o->effect == REFUSED)
			c->cannot = o->to;
	}
}

/* Read CLIENT(OPTION,...). */
static void client_read(struct exports *x, struct export_client *c, char *word)
{
	char *open = strchr(word, '('), *close = open ? strchr(open, ')') : NULL;
	struct export_option gss = { "gss", KEY, SEC, NULL };

	c->host = word;
	if (open && (!close || close[1]))
		c->cannot = "the options are not in parentheses";
	if (open)
		*open = '\0';
	if (!*word || !strcmp(word, "*")) {
		c->host = "*";
		c->kind = CLIENT_ANY;
	} else if (!strncmp(word, "gss/", 4)) {
		option_key(x, c, &gss, word, word + 4);
		c->host = "*";
		c->kind = CLIENT_ANY;
	} else if (word[0] == '@') {
		c->kind = CLIENT_NETGROUP;
	} else if (strchr(word, '/')) {
		c->host = import_network(&x->chain, word);
		c->kind = CLIENT_NETWORK;
	} else {
		c->kind = strpbrk(word, "*?[") ? CLIENT_WILDCARD : CLIENT_HOST;
	}
	if (!import_client_is_fit(c->host)) {
		import_tell(x->im, &c->at, word, IMPORT_LOST,
			    "only names with * and ?, addresses, networks and netgroups can be rules");
		c->cannot = "a client cannot be named";
	}
	if (open && close && !close[1]) {
		*close = '\0';
		options_read(x, c, word, open + 1);
	}
}

static bool client_add(struct exports *x, const struct export_client *usual, char *word)
{
	struct export_client *c;

	if (x->n == CLIENTS_MAX)
		return false;
	x->client = mem_grow(x->client, x->n, sizeof(*x->client));
	c = &x->client[x->n++];
	*c = *usual;
	client_read(x, c, word);
	/* The line may not be what it looks like. */
	c->cannot = usual->cannot ?: c->cannot;
	return true;
}

static bool exports_read_file(struct exports *x, const char *path, struct why *why)
{
	struct reader r = { .at.line = 1 };
	char *text = import_file_read(x->im, path, false, &r.at.file, why);
	bool good = true;
	unsigned int i;

	if (!text)
		return false;
	r.p = text;
	r.word = mem_new(strlen(text) + 1);
	do {
		struct export_client c = {
			.read_only = true, .root_squash = true, .anon_uid = "", .anon_gid = "",
		};
		unsigned int before = x->n;

		if (!reader_word(&r))
			continue;
		for (i = 0; i < WIDE; i++)
			c.key[i] = wide_keys[i].usual;
		c.at = r.at;
		c.cannot = r.bad;
		for (i = (unsigned int)strlen(r.word); i > 1 && r.word[i - 1] == '/'; i--)
			r.word[i - 1] = '\0';
		c.path = mem_chain_print(&x->chain, "%s", r.word);
		while (reader_word(&r) && good) {
			char *word = mem_chain_print(&x->chain, "%s", r.word);

			c.at = r.at;
			if (r.bad)
				c.cannot = r.bad;
			if (word[0] == '-')
				options_read(x, &c, "-", word + 1);
			else
				good = client_add(x, &c, word);
		}
		/* Everybody, if nobody is named. */
		if (x->n == before && good)
			good = client_add(x, &c, mem_chain_print(&x->chain, "%s", ""));
	} while (reader_line_end(&r) && good);
	free(r.word);
	free(text);
	return good || why_not(why, "%s: there are more than %d clients", path, CLIENTS_MAX);
}

static bool section_is_there(const struct import *im, const char *header)
{
	unsigned int i;

	for (i = 0; i < im->nsections; i++)
		if (!strcmp(im->section[i]->header, header))
			return true;
	return false;
}

/*
 * The name is made of the path, by which clients mount: the last part alone may be the name of a
 * share of SMB.
 */
static struct import_section *export_share_add(struct exports *x, const char *path, struct why *why)
{
	u32 max = spec_share_set.attrs[DITTO_A_SHARE_NAME].max_len - 8;
	const char *from = strlen(path) > max ? strrchr(path, '/') : path;
	char *name = mem_chain_print(&x->chain, "%s", !strcmp(path, "/") ? "root" :
				     from ? from + strspn(from, "/") : path), *p, *header, *tried;
	unsigned int n;

	for (p = name; (p = strchr(p, '/'));)
		*p = '-';
	for (n = 1; n <= NAMESAKES_MAX; n++) {
		tried = n == 1 ? name : mem_chain_print(&x->chain, "%s-%u", name, n);
		header = mem_chain_print(&x->chain, "share %s", tried);
		if (!section_is_there(x->im, header))
			return import_share_add(x->im, tried, why);
	}
	why_not(why, "more than %d shares would be called '%s'", NAMESAKES_MAX, name);
	return NULL;
}

/* The keys that all clients have in common; those that it would give too much are @denied. */
static void export_set_key(struct exports *x, struct import_section *s, enum wide_key key,
			   struct export_client *const *client, unsigned int n, bool *denied)
{
	const struct export_client *first = client[0];
	const char *value = first->key[key];
	struct why why;
	unsigned int i;

	for (i = 1; i < n; i++) {
		const struct export_client *c = client[i];

		if (!strcmp(c->key[key], first->key[key]))
			continue;
		denied[i] |= !wide_keys[key].differ;
		value = wide_keys[key].differ ?: value;
		import_tell(x->im, &c->at, c->host, IMPORT_LOST,
			    "%s is one for the whole share, %s in line %u; %s", wide_keys[key].key,
			    first->key[key], first->at.line, wide_keys[key].differ ?
			    "the stricter one is used" :
			    "this client is denied: a share of its own may have another");
	}
	if (strcmp(value, wide_keys[key].usual))
		import_set(s, wide_keys[key].key, value, &why);
}

/* An export below has rules of its own there, which a nested file system has not. */
static void export_check_below(struct exports *x, struct import_section *s, const char *path)
{
	size_t len = strcmp(path, "/") ? strlen(path) : 0;
	unsigned int i;

	for (i = 0; i < x->n; i++)
		if (!strncmp(x->client[i].path, path, len) && x->client[i].path[len] == '/' &&
		    x->client[i].path[len + 1])
			import_leave_out(s,
					 "%s:%u: %s has rules of its own, which crossmnt would lift",
					 x->client[i].at.file, x->client[i].at.line,
					 x->client[i].path);
}

static void export_make(struct exports *x, struct export_client *const *client, unsigned int n)
{
	bool *denied = mem_new(n * sizeof(*denied));
	struct import_section *s;
	unsigned int i, j;
	enum wide_key key;
	struct why why;

	s = export_share_add(x, client[0]->path, &why);
	if (!s) {
		import_tell(x->im, &client[0]->at, client[0]->path, IMPORT_LOST, "%s", why.text);
		goto out;
	}
	if (!import_set(s, "path", client[0]->path, &why))
		import_leave_out(s, "%s", why.text);
	for (i = 0; i < n; i++)
		if (client[i]->cannot)
			import_leave_out(s, "%s:%u: %s", client[i]->at.file, client[i]->at.line,
					 client[i]->cannot);
	if (s->left_out)
		goto out;
	import_set(s, "protocols", "nfs", &why);
	/* Only with sec=sys does a client say which groups a user has. */
	if (x->manage_gids && strstr(client[0]->key[SEC], "sys")) {
		import_set(s, "manage-gids", "yes", &why);
		if (x->guessed)
			import_tell(x->im, &client[0]->at, client[0]->path, IMPORT_MAPPED,
				    "manage-gids = yes, as nfs.conf of that machine may say");
	}
	for (key = 0; key < WIDE; key++)
		export_set_key(x, s, key, client, n, denied);
	for (i = 0; i < n && !strcmp(client[i]->key[NESTED], "on"); i++)
		;
	if (i == n)
		export_check_below(x, s, client[0]->path);
	for (i = 0; i < n; i++) {
		const struct export_client *c = client[i];
		const char *squash = c->all_squash ? ",squash=all-to-guest" :
				     c->root_squash ? "" : ",squash=root-to-admin";
		const char *access = c->read_only ? "ro" : "rw";
		char *rule = denied[i] ? mem_chain_print(&x->chain, "%s=none", c->host) :
			     mem_chain_print(&x->chain, "%s=%s%s%s%s", c->host, access, squash,
					     c->anon_uid, c->anon_gid);

		for (j = 0; j < i && strcmp(client[j]->host, c->host); j++)
			;
		if (j < i)
			import_tell(x->im, &c->at, c->host, IMPORT_LOST,
				    "the client is there already, in line %u", client[j]->at.line);
		else if (import_set(s, "allow", rule, &why))
			import_tell(x->im, &c->at, c->host, IMPORT_MAPPED, "allow = %s", rule);
		else
			import_leave_out(s, "%s:%u: %s", c->at.file, c->at.line, why.text);
	}
out:
	free(denied);
}

static int client_compare(const void *a, const void *b)
{
	const struct export_client *one = *(const struct export_client *const *)a;
	const struct export_client *other = *(const struct export_client *const *)b;
	int order = strcmp(one->path, other->path);

	if (!order)
		order = (int)one->kind - (int)other->kind;
	/* Clients of one kind stay in the order of the files, as the array has them. */
	return order ? order : one < other ? -1 : one > other;
}

static int name_ends(const struct dirent *d, const char *end)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot && !strcmp(dot, end);
}

static int is_table(const struct dirent *d)
{
	return name_ends(d, ".exports");
}

static int is_conf(const struct dirent *d)
{
	return name_ends(d, ".conf");
}

static bool exports_read(struct exports *x, struct why *why)
{
	struct dirent **name = NULL;
	bool good = true;
	int i, n;

	if (!access(EXPORTS, F_OK))
		good = exports_read_file(x, EXPORTS, why);
	n = scandir(EXPORTS_FOLDER, &name, is_table, alphasort);
	for (i = 0; i < n; i++) {
		char *path = mem_chain_print(&x->chain, EXPORTS_FOLDER "/%s", name[i]->d_name);

		good = good && exports_read_file(x, path, why);
		free(name[i]);
	}
	if (n >= 0)
		free(name);
	if (good && !x->im->nfiles)
		return why_not(why, EXPORTS ": %s", strerror(ENOENT));
	if (good && !access(NFS_CONF, F_OK))
		good = import_nfs_conf(x->im, NFS_CONF, &x->manage_gids, why);
	n = scandir(NFS_CONF_FOLDER, &name, is_conf, alphasort);
	for (i = 0; i < n; i++) {
		char *path = mem_chain_print(&x->chain, NFS_CONF_FOLDER "/%s", name[i]->d_name);

		good = good && import_nfs_conf(x->im, path, &x->manage_gids, why);
		free(name[i]);
	}
	if (n >= 0)
		free(name);
	return good;
}

bool import_exports(struct import *im, const char *path, struct why *why)
{
	struct exports x = { .im = im, .manage_gids = path, .guessed = path };
	struct export_client **sorted;
	unsigned int i, first;
	bool good = path ? exports_read_file(&x, path, why) : exports_read(&x, why);

	sorted = mem_new((x.n + 1) * sizeof(*sorted));
	for (i = 0; i < x.n; i++)
		sorted[i] = &x.client[i];
	qsort(sorted, x.n, sizeof(*sorted), client_compare);
	if (good && x.n)
		import_section_add(im, "listener nfs");
	for (first = 0; good && first < x.n; first = i) {
		for (i = first + 1; i < x.n && !strcmp(sorted[i]->path, sorted[first]->path); i++)
			;
		export_make(&x, sorted + first, i - first);
	}
	free(sorted);
	free(x.client);
	mem_chain_free(&x.chain);
	return good;
}

void import_exports_table(FILE *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const struct export_option *o = &options[i];

		if (o->effect == NEEDLESS)
			continue;
		fprintf(out, "| `%s` | ", o->name);
		if (o->effect == KEY)
			fprintf(out, "`%s = %s` |\n", wide_keys[o->arg].key, o->to ?: "...");
		else if (o->effect < KEY)
			fprintf(out, "%s |\n", o->to);
		else
			fprintf(out, "no counterpart: %s |\n", o->to);
	}
}
