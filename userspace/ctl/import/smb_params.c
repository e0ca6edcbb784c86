// SPDX-License-Identifier: GPL-2.0-only
/* The table of parameters of smb.conf(5) and ksmbd.conf(5), see smb.h. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "smb.h"

static void map_lost(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	smb_tell(s, v, IMPORT_LOST, "%s", p->to);
}

static void map_needless(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	smb_tell(s, v, IMPORT_NEEDLESS, "%s", p->to);
}

#define OFF	"no|false|0|off"
#define ON	"yes|true|1|on"

/* Without it the share would serve something else, or more. */
static void map_refused(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (p->usual && smb_name_matches(p->usual, v->text))
		smb_tell(s, v, IMPORT_NEEDLESS, "it restricts nothing");
	else
		smb_refuse(s, v, "%s", p->to);
}

/* What is needless if it is on, or off. */
static void map_always(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	smb_tell(s, v, smb_name_matches(ON, v->text) ? IMPORT_NEEDLESS : IMPORT_LOST, "%s", p->to);
}

static void map_never(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	smb_tell(s, v, smb_name_matches(OFF, v->text) ? IMPORT_NEEDLESS : IMPORT_LOST, "%s", p->to);
}

/* A truth value. Returns false if it is refused because it is none; "on" is false for ksmbd. */
static bool value_bool(struct smb_share *s, const struct smb_value *v, bool *value)
{
	struct why why;

	if (text_bool(v->text, value, &why) && (!s->ksmbd || strcasecmp(v->text, "on")))
		return true;
	smb_refuse(s, v, "'%s' is neither yes nor no", v->text);
	return false;
}

static void map_bool(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	bool on;

	if (value_bool(s, v, &on))
		smb_set(s, v, p->to, on ? "yes" : "no");
}

static void map_text(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (strchr(v->text, '%'))
		smb_tell(s, v, IMPORT_LOST, "variables have no counterpart");
	else
		smb_set(s, v, p->to, v->text);
}

/* The path of a home in the words of [homes], memory of the chain; NULL if there are none. */
static char *home_path(struct smb_share *s, const char *text)
{
	char *path = mem_chain_print(s->chain, "%s", "");
	size_t len;

	if (!strncmp(text, "%H", 2) || !strncmp(text, "~", 1))
		return NULL;
	for (; *text; text += len) {
		len = strcspn(text, "%");
		path = mem_chain_print(s->chain, "%s%.*s", path, (int)len, text);
		text += len;
		if (!*text)
			break;
		if (!text[1] || !strchr("SUuD%", text[1]))
			return NULL;
		path = mem_chain_print(s->chain, "%s%%%c", path,
				       text[1] == 'S' || text[1] == 'u' ? 'U' : text[1]);
		len = 2;
	}
	return path;
}

static void map_path(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	const char *path = s->homes ? home_path(s, v->text) : v->text;

	if (s->homes && !path) {
		smb_refuse(s, v, "of its variables, only %%S, %%U and %%D have a counterpart");
	} else if (s->homes) {
		if (!smb_set(s, v, p->to, path))
			import_leave_out(s->section, "its path cannot be used");
	} else if (strchr(v->text, '%')) {
		smb_refuse(s, v, "variables have no counterpart");
	} else if (!smb_set(s, v, p->to, v->text)) {
		import_leave_out(s->section, "its path cannot be used");
	}
}

/* Patterns mean the same, but for characters of sets. */
static void map_veto(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (strchr(v->text, '%') || strchr(v->text, '['))
		smb_refuse(s, v, "variables and sets of characters have no counterpart");
	else if (!smb_set(s, v, p->to, v->text))
		import_leave_out(s->section, "its patterns cannot be used");
}

static void map_force(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (s->homes)
		smb_refuse(s, v, "in a home share its user acts as himself");
	else if (strpbrk(v->text, "%+&@"))
		smb_refuse(s, v, "variables and lists of members have no counterpart");
	else if (!smb_set(s, v, p->to, v->text))
		import_leave_out(s->section, "its users act as somebody else");
}

/* Of [homes] it is about a share of that name, which nobody sees here. */
static void map_browse(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (s->homes)
		smb_tell(s, v, IMPORT_NEEDLESS, "users see their own home share only");
	else
		map_bool(s, p, v);
}

/* Bits above those that a mask has here come from the directory. */
static void map_mode(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	unsigned long mode, max = strncmp(p->to, "force", 5) ? 0777 : 07777;
	char *end;

	mode = strtoul(v->text, &end, 8);
	if (*end || !isdigit((unsigned char)v->text[0]))
		smb_refuse(s, v, "it is no mode");
	else
		smb_set(s, v, p->to, mem_chain_print(s->chain, "0%03lo", mode & max));
}

static void map_writable(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	bool on;

	if (!value_bool(s, v, &on))
		return;
	/* For ksmbd the names are parameters of their own, of which another one may count. */
	on = on == p->arg;
	if (s->written && s->writable != on) {
		smb_refuse(s, v, "line %u says the opposite", s->written->at.line);
		return;
	}
	s->written = v;
	s->writable = on;
	smb_tell(s, v, IMPORT_MAPPED, "%s", s->writable ? "read-only = no" :
		 "read-only = yes, or default-access = read beside writers");
}

static void map_list(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (s->homes && p->arg == LIST_VALID &&
	    (!strcmp(v->text, "%S") || !strcmp(v->text, "%D\\%S") || !strcmp(v->text, "%D%w%S")))
		smb_tell(s, v, IMPORT_NEEDLESS, "only its user has a home share");
	else if (s->homes && v->text[0])
		smb_refuse(s, v, "only its user has a home share, and others none");
	else
		s->list[p->arg] = v;
}

static void map_allow(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->allow = v;
}

static void map_deny(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->deny = v;
}

static void map_guest(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (!value_bool(s, v, &s->guest))
		return;
	if (s->guest && s->guests_refused)
		smb_refuse(s, v, "restrict anonymous says the opposite");
	else if (s->guest && !s->guests_made)
		smb_tell(s, v, IMPORT_LOST,
			 "nobody becomes a guest without map to guest = bad user: the share has none");
	else
		smb_set(s, v, p->to, s->guest ? "yes" : "no");
}

static void map_guest_only(struct smb_share *s, const struct smb_param *p,
			   const struct smb_value *v)
{
	if (value_bool(s, v, &s->guest_only))
		smb_tell(s, v, IMPORT_MAPPED, "%s", s->guest_only ? p->to : "the default");
}

static void map_guest_account(struct smb_share *s, const struct smb_param *p,
			      const struct smb_value *v)
{
	(void)p;
	s->guest_account = v;
}

static void map_to_guest(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	/* Who mistypes a password is a guest, too, with "bad password". */
	s->guests_made = !strcasecmp(v->text, "bad user") || !strcasecmp(v->text, "bad password");
	smb_tell(s, v, strcasecmp(v->text, "bad user") ? IMPORT_LOST : IMPORT_NEEDLESS, "%s",
		 p->to);
}

static void map_anonymous(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	s->guests_refused = !smb_name_matches("0|1", v->text);
	smb_tell(s, v, IMPORT_NEEDLESS, "%s", p->to);
}

static void map_crossmnt(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (value_bool(s, v, &s->crossmnt))
		smb_tell(s, v, IMPORT_MAPPED, "%s = %s", p->to, s->crossmnt ? "on" : "off");
}

/**
 * struct word_map - what words become
 * @words: the words, separated by '|'
 * @value: value of the key; NULL if it has no counterpart
 */
struct word_map {
	const char *words;
	const char *value;
};

/* The value of a word. Returns NULL if that is told; one that is not known may be a demand. */
static const char *value_word(struct smb_share *s, const struct smb_param *p,
			      const struct smb_value *v, const struct word_map *map)
{
	for (; map->words; map++) {
		if (!smb_name_matches(map->words, v->text))
			continue;
		if (!map->value)
			smb_tell(s, v, IMPORT_LOST, "%s cannot say '%s'", p->to, v->text);
		return map->value;
	}
	smb_refuse(s, v, "%s has no word for '%s'", p->to, v->text);
	return NULL;
}

static void map_word(struct smb_share *s, const struct smb_param *p, const struct smb_value *v,
		     const struct word_map *map)
{
	const char *value = value_word(s, p, v, map);

	if (value)
		smb_set(s, v, p->to, value);
}

#define DEMANDED	"required|mandatory|force|forced|enforced"

static void map_encrypt(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	static const struct word_map map[] = {
		{ DEMANDED, "yes" }, { "default|if_required|enabled|auto|" ON, "no" },
		{ "disabled|" OFF, NULL }, { NULL, NULL }
	};
	const char *value;

	if (!strcasecmp(v->text, "desired")) {
		smb_refuse(s, v, "all clients must encrypt or none: write required or if_required");
		return;
	}
	value = value_word(s, p, v, map);
	if (value)
		smb_tell(s, v, IMPORT_MAPPED, "%s = %s", p->to, value);
	/* If [global] demands it, a share cannot do without. */
	s->encrypted |= value && !strcmp(value, "yes");
}

static void map_encryption(struct smb_share *s, const struct smb_param *p,
			   const struct smb_value *v)
{
	static const struct word_map map[] = {
		{ "mandatory", "required" }, { "auto|enabled", "offered" },
		{ "no|disabled", "off" }, { NULL, NULL }
	};

	map_word(s, p, v, map);
}

static void map_signing(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	static const struct word_map map[] = {
		{ DEMANDED, "yes" }, { "default|if_required|desired|enabled|auto|" ON, "no" },
		{ "disabled|" OFF, NULL }, { NULL, NULL }
	};

	map_word(s, p, v, map);
}

static void map_dialect(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	static const struct word_map map[] = {
		{ "SMB2_02|default", "2.0.2" }, { "SMB2|SMB2_10", "2.1" },
		{ "SMB2_22|SMB2_24|SMB3_00", "3.0" }, { "SMB3_02", "3.0.2" },
		{ "SMB3|SMB3_10|SMB3_11", "3.1.1" }, { "NT1|LANMAN2|LANMAN1|CORE|COREPLUS", NULL },
		{ NULL, NULL }
	};

	map_word(s, p, v, map);
}

static void map_ntacl(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	s->ntacl = true;
	smb_tell(s, v, IMPORT_MAPPED, "%s", p->to);
}

static void map_ignore(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	if (value_bool(s, v, &s->ntacl_always))
		smb_tell(s, v, IMPORT_MAPPED, "%s", s->ntacl_always ? p->to : "the default");
}

static void map_recycle(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->recycle = v;
}

static void map_worm(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->worm = v;
}

static void map_grace(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->worm_grace = v;
}

static void map_shadow(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->snapshots = v;
}

static void map_snapdir(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	(void)p;
	s->snapdir = v;
}

static void map_modules(struct smb_share *s, const struct smb_param *p, const struct smb_value *v)
{
	char *rest = mem_chain_print(s->chain, "%s", v->text), *module;

	while ((module = smb_word(&rest))) {
		char *name = mem_chain_print(s->chain, "%s = %.*s", "vfs objects",
					     (int)strcspn(module, ":"), module);
		struct smb_value *one = mem_chain_new(s->chain, sizeof(*one));

		/* Each has its line of the table. Some are looked at when the share is complete. */
		*one = *v;
		one->what = name;
		one->param = smb_param_find(name);
		if (!strcmp(name, "vfs objects = shadow_copy2"))
			one->param->map(s, one->param, v);
		else
			one->param->map(s, one->param, one);
	}
	(void)p;
}

#define ALL_ALGORITHMS	"every algorithm of SMB3 is offered"
#define ONLY_FILES \
	"only the file and those that it includes are read: testparm -s writes all out"
#define NO_MODULES	"there are no modules"
#define OWN_ACCOUNTS	"the account database is /etc/ditto/users, see dittoctl user import"
#define DIRECTORY	"Documentation/authentication.md says how users of a domain log in"
#define NOT_SERVED	"it is not served"
#define ALWAYS_SO	"always so"
#define NO_PROGRAMS	"no programs are run"
#define BY_ITSELF	"it adapts itself"
#define BY_JOURNAL	"dittod logs to the journal"
#define NO_NETBIOS	"NetBIOS is not spoken"
#define NO_SMB1		"SMB1 is not spoken"
#define NO_PRINTERS	"printers are not served"
#define NO_CLIENT	"it is about Samba's clients"
#define NO_HIDING	"files are hidden by permissions only (hide-unreadable)"
#define AS_WINDOWS	"names, attributes and times are as on Windows"
#define OWN_PLACE	" have a place of their own; those that Samba has stored are not read"

#define PARAM(_name, _map, _to, ...) { .name = _name, .map = _map, .to = _to, ##__VA_ARGS__ }

/* The first name that matches counts. */
static const struct smb_param params[] = {
	PARAM("path|directory", map_path, "path"),
	PARAM("comment", map_text, "comment"),
	PARAM("read only", map_writable, "read-only, or default-access", .arg = false),
	PARAM("writeable|writable|write ok", map_writable,
	      "read-only, or default-access", .arg = true),
	PARAM("valid users", map_list, "default-access = none, user = NAME=...", .arg = LIST_VALID),
	PARAM("invalid users", map_list, "user = NAME=none", .arg = LIST_INVALID),
	PARAM("admin users", map_list, "user = NAME=admin", .arg = LIST_ADMIN),
	PARAM("write list", map_list,
	      "default-access = read, user = NAME=write", .arg = LIST_WRITE),
	PARAM("read list", map_list, "user = NAME=read", .arg = LIST_READ),
	PARAM("hosts allow|allow hosts", map_allow, "allow = CLIENT=rw"),
	PARAM("hosts deny|deny hosts", map_deny, "allow = CLIENT=none"),
	PARAM("guest ok|public", map_guest, "guest"),
	PARAM("guest only|only guest", map_guest_only, "squash = all-to-guest"),
	PARAM("guest account", map_guest_account, "anon-uid, anon-gid"),
	PARAM("map to guest", map_to_guest,
	      "users without an account are guests, of shares with guest", .global = true),
	PARAM("browseable|browsable", map_browse, "browse"),
	PARAM("server smb encrypt|smb encrypt", map_encrypt, "encrypt", .both = true),
	PARAM("smb3 encryption", map_encryption, "encryption", .global = true),
	PARAM("server signing", map_signing, "require-signing", .global = true),
	PARAM("server min protocol|min protocol", map_dialect, "min-dialect", .global = true),
	PARAM("server max protocol|max protocol|protocol", map_lost,
	      "the newest is always offered", .global = true),
	PARAM("hide unreadable", map_bool, "hide-unreadable"),
	PARAM("create mask|create mode", map_mode, "create-mask"),
	PARAM("directory mask|directory mode", map_mode, "directory-mask"),
	PARAM("force create mode", map_mode, "force-create-mode"),
	PARAM("force directory mode", map_mode, "force-directory-mode"),
	PARAM("change notify", map_bool, "notify"),
	PARAM("crossmnt", map_crossmnt, "nested"),
	PARAM("continuous availability", map_bool, "continuously-available"),
	PARAM("available", map_refused, "a share that is switched off is not imported",
	      .usual = ON),
	PARAM("printable|print ok", map_refused, "a printer is not served", .usual = OFF),
	PARAM("copy", map_refused, "what it copies would be missing: testparm -s writes it out"),
	PARAM("root directory|root dir|root", map_refused, "its paths begin elsewhere"),
	PARAM("msdfs proxy", map_refused, "the key link leads clients to other servers"),
	PARAM("msdfs root", map_never, "links of the file system lead nowhere; the key link does"),
	PARAM("host msdfs", map_always, "shares with link are roots of DFS", .global = true),
	PARAM("vfs objects|vfs object", map_modules, "see the lines below"),
	PARAM("vfs objects = acl_xattr", map_ntacl, "samba-acl = checked"),
	PARAM("acl_xattr:ignore system acls", map_ignore, "samba-acl = always"),
	PARAM("acl_xattr:default acl style|acl_tdb:*", map_lost, "lists are kept as they are set"),
	PARAM("acl_xattr:*", map_refused, "lists of other attributes are not obeyed"),
	PARAM("vfs objects = fruit", map_needless, "the option apple is on"),
	PARAM("fruit:time machine", map_needless,
	      "every share is fit, see Documentation/smb-support.md"),
	PARAM("fruit:time machine max size", map_lost,
	      "a project quota of the directory is a limit"),
	PARAM("fruit:metadata|fruit:resource", map_lost,
	      "they are streams; dittoctl apple convert makes them of AppleDouble files"),
	PARAM("fruit:*", map_lost, "the option apple is all there is"),
	PARAM("vfs objects = streams_xattr|vfs objects = streams_depot", map_lost,
	      "streams" OWN_PLACE),
	PARAM("streams_xattr:*|streams_depot:*", map_lost, "streams" OWN_PLACE),
	PARAM("vfs objects = shadow_copy2", map_shadow, "snapshots = .snapshots"),
	PARAM("shadow:snapdir", map_snapdir, "snapshots"),
	PARAM("shadow:sort|shadow:crossmountpoints|shadow:fixinodes", map_needless, BY_ITSELF),
	PARAM("shadow:*", map_lost,
	      "names of snapshots have a time in UTC, as @GMT-2026.11.20-14.30.00"),
	PARAM("vfs objects = recycle", map_recycle, "trash = yes"),
	PARAM("recycle:*", map_lost,
	      "what is kept is set by trash-keep, trash-size, trash-exclude; old bins stay"),
	PARAM("vfs objects = worm", map_worm, "worm = 3600"),
	PARAM("worm:grace_period", map_grace, "worm"),
	PARAM("vfs objects = full_audit|vfs objects = extd_audit|vfs objects = audit", map_lost,
	      "the option audit records what the audit entries of files say"),
	PARAM("full_audit:*|extd_audit:*|audit:*", map_lost,
	      "the option audit records what the audit entries of files say"),
	PARAM("vfs objects = catia|catia:*", map_lost,
	      "characters of clients are kept as they are sent"),
	PARAM("vfs objects = btrfs", map_needless, "copies share their blocks"),
	PARAM("vfs objects = io_uring|vfs objects = aio_pthread|vfs objects = readahead",
	      map_needless, BY_ITSELF),
	PARAM("vfs objects = aio_fork|vfs objects = dirsort|vfs objects = fileid", map_needless,
	      BY_ITSELF),
	PARAM("vfs objects = zfs_core|vfs objects = syncops|vfs objects = linux_xfs_sgid",
	      map_needless, BY_ITSELF),
	PARAM("vfs objects = crossrename|vfs objects = default_quota", map_needless, BY_ITSELF),
	PARAM("vfs objects = snapper|vfs objects = shadow_copy_zfs", map_needless,
	      "the key snapshot-schedule makes them, in the directory of the key snapshots"),
	PARAM("vfs objects = prealloc|vfs objects = commit|vfs objects = time_audit", map_needless,
	      BY_ITSELF),
	PARAM("vfs objects = ceph|vfs objects = ceph_new|vfs objects = glusterfs", map_refused,
	      "its files are not in the file system"),
	PARAM("vfs objects = acl_tdb|vfs objects = xattr_tdb|vfs objects = posix_eadb",
	      map_refused, "lists in databases of Samba are not obeyed: store them in the files"),
	PARAM("vfs objects = readonly", map_refused,
	      "it forbids changes: read-only = yes does so for good"),
	PARAM("vfs objects = *", map_refused, NO_MODULES " that may restrict something"),
	PARAM("access based share enum", map_refused,
	      "all shares with browse are listed: browse = no hides one from all", .usual = OFF),
	PARAM("veto files", map_veto, "veto-files"),
	PARAM("hide files|dont descend", map_lost, "it keeps nobody out, and " NO_HIDING),
	PARAM("hide special files|hide unwriteable files", map_refused, NO_HIDING, .usual = OFF),
	PARAM("hide new files timeout", map_refused, NO_HIDING, .usual = "0"),
	PARAM("delete veto files", map_lost,
	      "a directory with files that veto-files hides is not empty"),
	PARAM("veto oplock files", map_lost, NO_HIDING),
	PARAM("hide dot files", map_always, "a name that begins with a dot is shown as hidden"),
	PARAM("force user", map_force, "force-user"),
	PARAM("force group|group", map_force, "force-group"),
	PARAM("force unknown acl user|acl map full control|acl flag inherited canonicalization",
	      map_lost, "lists are kept as they are set"),
	PARAM("inherit acls|map acl inherit|acl check permissions", map_always, ALWAYS_SO),
	PARAM("nt acl support", map_refused, "who may do so can change lists", .usual = ON),
	PARAM("inherit permissions|inherit owner", map_refused, "inherited lists do that",
	      .usual = OFF),
	PARAM("acl group control|acl allow execute always|dos filemode", map_never,
	      "the list or the mode decides"),
	PARAM("store dos attributes", map_lost, "attributes" OWN_PLACE),
	PARAM("ea support", map_always, ALWAYS_SO),
	PARAM("map archive|map hidden|map system|map readonly", map_lost,
	      "attributes are kept beside the mode"),
	PARAM("delete readonly", map_lost, AS_WINDOWS),
	PARAM("dos filetimes|dos filetime resolution|fake directory create times", map_needless,
	      AS_WINDOWS),
	PARAM("case sensitive|casesignames|default case|preserve case|short preserve case",
	      map_lost, "names are found in any case, and kept as they are"),
	PARAM("mangled names|mangling method|mangling char|mangle prefix", map_lost,
	      "8.3 names are a matter of short-names"),
	PARAM("oplocks|level2 oplocks|kernel oplocks|smb2 leases|durable handles", map_always,
	      ALWAYS_SO),
	PARAM("locking|posix locking|kernel share modes|strict locking|blocking locks", map_always,
	      "locks hold for every protocol and for local processes (local-locks)"),
	PARAM("fake oplocks|locking:*|smbd force process locks", map_never, "locks are real"),
	PARAM("strict sync", map_always, "what a client flushes is on the disk"),
	PARAM("sync always", map_never, "what a client flushes is on the disk, and nothing else"),
	PARAM("strict allocate|strict rename|defer sharing violations|check parent directory *",
	      map_lost, AS_WINDOWS),
	PARAM("follow symlinks|wide links|allow insecure wide links", map_lost,
	      "clients follow symbolic links, and the server none that leads outside"),
	PARAM("smb3 unix extensions", map_always, ALWAYS_SO),
	PARAM("smb1 unix extensions|unix extensions", map_needless, NO_SMB1),
	PARAM("csc policy", map_lost, "clients choose what they keep"),
	PARAM("preexec close|root preexec close", map_refused,
	      "no program is asked who may connect", .usual = OFF),
	PARAM("preexec*|exec|postexec|root preexec*|root postexec|magic script|magic output",
	      map_lost, NO_PROGRAMS),
	PARAM("dfree command|dfree cache time|max disk size|get quota command|set quota command",
	      map_lost, "the file system says how large and full it is"),
	PARAM("max connections|max open files|max smbd processes|max active sessions", map_lost,
	      "limits are settings of [server]"),
	PARAM("max ip connections|deadtime|ipc timeout|max mux", map_lost,
	      "limits are settings of [server]"),
	PARAM("only user", map_refused, "valid users does that", .usual = OFF),
	PARAM("username|user|users", map_lost, "logins name their user"),
	PARAM("volume|volume serial number|fstype", map_lost,
	      "the share and its file system say it"),
	PARAM("administrative share", map_refused, "browse = no hides a share", .usual = OFF),
	PARAM("spotlight|spotlight backend|elasticsearch:*", map_never,
	      "there is no index of contents"),
	PARAM("afs *|dmapi support", map_lost, NOT_SERVED),
	PARAM("aio *|allocation roundup size|block size", map_needless, BY_ITSELF),
	PARAM("use sendfile|min receivefile size|write cache size", map_needless, BY_ITSELF),
	PARAM("directory name cache size|smbd *|kernel change notify", map_needless, BY_ITSELF),
	PARAM("print*|lp*|cups *|queue*", map_needless, NO_PRINTERS),
	PARAM("load printers|use client driver|default devmode|max print jobs", map_needless,
	      NO_PRINTERS),
	PARAM("max reported print jobs|min print space", map_needless, NO_PRINTERS),
	PARAM("force printername|iprint *|show add printer wizard", map_needless, NO_PRINTERS),
	PARAM("disable spoolss|addprinter command|deleteprinter command", map_needless,
	      NO_PRINTERS),
	PARAM("addport command|enumports *|os2 *", map_needless, NO_PRINTERS),
	PARAM("netbios aliases|additional dns hostnames", map_lost,
	      "[server] has server-names for further names"),
	PARAM("netbios name", map_lost, "the name is that of the machine; see server-names"),
	PARAM("workgroup", map_text, "workgroup", .global = true),
	PARAM("server string", map_text, "server-string", .global = true),
	PARAM("server role", map_needless, "users are those of the machine and of its domain"),
	PARAM("security", map_lost, DIRECTORY),
	PARAM("realm|password server|kerberos *", map_lost, DIRECTORY),
	PARAM("dedicated keytab file|create krb5 conf|sync machine *", map_lost, DIRECTORY),
	PARAM("allow trusted domains", map_refused, "users of trusted domains may log in",
	      .usual = ON),
	PARAM("winbind*|idmap *|template *|machine password timeout|ldap *", map_lost, DIRECTORY),
	PARAM("include system krb5 conf|krb5 port|kpasswd port", map_lost, DIRECTORY),
	PARAM("kdc *|mit kdc command|apply group policies", map_lost, DIRECTORY),
	PARAM("require strong key|reject md5 *|neutralize nt4 *|server schannel*|allow nt4 crypto*",
	      map_lost, DIRECTORY),
	PARAM("username map|username map script", map_refused,
	      "[server] has user-map for users of domains"),
	PARAM("username map *|username level", map_lost,
	      "[server] has user-map for users of domains"),
	PARAM("min domain uid", map_refused, "[server] has min-uid", .usual = "0|1000"),
	PARAM("passdb *|smb passwd file|private dir|private directory|nt hash store|null passwords",
	      map_lost, OWN_ACCOUNTS),
	PARAM("encrypt passwords", map_lost, OWN_ACCOUNTS),
	PARAM("unix password sync|passwd *|pam password change|check password script",
	      map_lost, "passwords are changed by dittoctl user add"),
	PARAM("obey pam *", map_lost, "dittoctl user import leaves out accounts that are locked"),
	PARAM("old password *|password hash *|ldap passwd sync|algorithmic rid base", map_lost,
	      OWN_ACCOUNTS),
	PARAM("lanman auth|raw NTLMv2 auth|allow dcerpc auth *", map_never,
	      "logins are NTLMv2 or Kerberos"),
	PARAM("ntlm auth", map_refused, "logins are NTLMv2 or Kerberos: the key auth chooses",
	      .usual = "ntlmv2-only|ntlmv1-permitted|mschapv2-and-ntlmv2-only|" ON "|" OFF),
	PARAM("restrict anonymous", map_anonymous, "anonymous logins need a share with guests",
	      .global = true),
	PARAM("bind interfaces only", map_refused,
	      "[listener smb] has a key address, by which it is not open to all", .usual = OFF),
	PARAM("socket address", map_refused, "[listener smb] has a key address",
	      .usual = "0.0.0.0|::"),
	PARAM("interfaces", map_lost, "[listener smb] has a key address"),
	PARAM("smb ports|tcp port", map_lost, "[listener smb] has a key port"),
	PARAM("name resolve order|dns *|hostname lookups", map_needless,
	      "the resolver of the system is used"),
	PARAM("wins *|nbt *|netbios *|disable netbios", map_needless, NO_NETBIOS),
	PARAM("lm *|local master|domain master|prefer*|os level",
	      map_needless, NO_NETBIOS),
	PARAM("browse list|enhanced browsing|remote *|max ttl|dgram port|nmbd *|multicast dns *",
	      map_needless, NO_NETBIOS),
	PARAM("min wins ttl|max wins ttl|mdns name|domain logons|logon *|init logon *|time server",
	      map_needless, NO_NETBIOS),
	PARAM("log file|log level|debug*|max log size|syslog*", map_needless, BY_JOURNAL),
	PARAM("logging|timestamp logs|panic action|utmp*|wtmp *", map_needless, BY_JOURNAL),
	PARAM("enable core files|log writeable *|winbind debug*|auth event *|dsdb *|eventlog list",
	      map_needless, BY_JOURNAL),
	PARAM("socket options|keepalive|max xmit|share:fake_fscaps", map_needless, BY_ITSELF),
	PARAM("smb2 *|server multi channel support|getwd cache", map_needless, BY_ITSELF),
	PARAM("stat cache|max stat cache size|use mmap", map_needless, BY_ITSELF),
	PARAM("read raw|write raw|large readwrite|nt status support|nt pipe support|unicode",
	      map_needless, BY_ITSELF),
	PARAM("time offset|use spnego|share modes|map untrusted to domain", map_needless,
	      "it restricts nothing"),
	PARAM("name cache timeout|prefork *|async *", map_needless, BY_ITSELF),
	PARAM("oplock break wait time|lock spin time|reset on zero vc", map_needless, BY_ITSELF),
	PARAM("lock directory|lock dir|state directory|cache directory", map_needless,
	      "dittod has directories of its own"),
	PARAM("pid directory|binddns dir|bind dns directory|ncalrpc dir", map_needless,
	      "dittod has directories of its own"),
	PARAM("unix charset|dos charset|display charset", map_lost, "names of files are UTF-8"),
	PARAM("server smb3 encryption algorithms", map_refused, ALL_ALGORITHMS,
	      .usual = "AES-128-GCM, AES-128-CCM, AES-256-GCM, AES-256-CCM"),
	PARAM("server smb3 signing algorithms", map_refused, ALL_ALGORITHMS,
	      .usual = "AES-128-GMAC, AES-128-CMAC, HMAC-SHA256"),
	PARAM("client *", map_needless, NO_CLIENT),
	PARAM("add *|delete *|rename user script", map_lost, NO_PROGRAMS),
	PARAM("set primary group script|change share command|message command", map_lost,
	      NO_PROGRAMS),
	PARAM("shutdown script|abort shutdown script", map_lost, NO_PROGRAMS),
	PARAM("afs username map|gpo update command|samba kcc command", map_lost, NO_PROGRAMS),
	PARAM("usershare *", map_lost,
	      "[server] has share-root for shares that administrators make"),
	PARAM("config backend", map_refused, ONLY_FILES, .usual = "file"),
	PARAM("config file", map_refused, ONLY_FILES),
	PARAM("registry shares|auto services|preload|default service|default", map_lost,
	      ONLY_FILES),
	PARAM("enable privileges|enable asu support|svcctl list", map_lost, NOT_SERVED),
	PARAM("rpc *|rpc_server:*|dcerpc *|server services", map_lost, NOT_SERVED),
	PARAM("ctdb*|cluster*|allow unsafe cluster upgrade", map_lost, NOT_SERVED),
	PARAM("tls *|ntp signd *|ntvfs *|allow dns updates", map_lost, NOT_SERVED),
	PARAM("cldap port|lsa over netlogon|nsupdate command", map_lost, NOT_SERVED),
	PARAM("spn update command|rndc command|homedir map|nis *", map_lost, NOT_SERVED),
	PARAM("preload modules|perfcount module|fss:*", map_lost, NO_MODULES),
	PARAM("log nt token command|msdfs shuffle referrals|honor change notify privilege",
	      map_lost, NOT_SERVED),
};

bool smb_name_matches(const char *names, const char *name)
{
	const char *p;

	for (;; names++) {
		for (p = name;; names++, p++) {
			names += strspn(names, " ");
			p += strspn(p, " \t");
			if (strchr("*|", *names) || !*p || tolower((unsigned char)*names) !=
			    tolower((unsigned char)*p))
				break;
		}
		if (*names == '*' || (!*p && strchr("|", *names)))
			return true;
		names += strcspn(names, "|");
		if (!*names)
			return false;
	}
}

const struct smb_param *smb_param_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		if (smb_name_matches(params[i].name, name))
			return &params[i];
	return NULL;
}

bool smb_param_is_of_ksmbd(const char *name)
{
	/* See tools/management/share.c and tools/config_parser.c of ksmbd-tools. */
	static const char *const names[] = {
		"comment", "path", "guest ok", "guest account", "read only", "browseable",
		"write ok", "writeable", "writable", "create mask", "directory mask",
		"force create mode", "force directory mode", "force group", "force user",
		"valid users", "invalid users", "read list", "write list", "veto files",
		"inherit owner", "vfs objects", "crossmnt", "continuous availability",
		"server min protocol", "server signing", "smb3 encryption", "map to guest",
		"bind interfaces only", "root directory", "restrict anonymous",
		"workgroup", "server string",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

bool smb_param_may_be_empty(const struct smb_param *p)
{
	return smb_param_is_only_told(p) || p->map == map_list || p->map == map_allow ||
	       p->map == map_deny || p->map == map_text || p->map == map_path ||
	       p->map == map_veto || p->map == map_force ||
	       p->map == map_guest_account || p->map == map_modules || p->map == map_snapdir ||
	       (p->map == map_refused && !p->usual);
}

bool smb_param_is_same(const struct smb_param *a, const struct smb_param *b)
{
	if (a->map == map_writable && b->map == map_writable)
		return true;
	return a == b && !smb_param_is_only_told(a) && a->map != map_refused;
}

bool smb_param_is_only_told(const struct smb_param *p)
{
	return p->map == map_lost || p->map == map_needless || p->map == map_always ||
	       p->map == map_never;
}

static const struct {
	void (*map)(struct smb_share *s, const struct smb_param *p, const struct smb_value *v);
	const char *words;
} verdicts[] = {
	{ map_refused, "the share is left out" },
	{ map_to_guest, "not needed if \"bad user\"; by default no share has guests" },
	{ map_anonymous, "not needed; if 2, shares with guests are left out" },
	{ map_modules, "by module" },
};

void import_smb_table(FILE *out)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		const struct smb_param *p = &params[i];
		const char *name = p->name;
		int len;

		if (smb_param_is_only_told(p))
			continue;
		for (j = 0; j < ARRAY_SIZE(verdicts) && verdicts[j].map != p->map; j++)
			;
		for (; *name; name += len + !!name[len]) {
			len = (int)strcspn(name, "|");
			fprintf(out, "%s`%.*s`", name == p->name ? "| " : ", ", len, name);
		}
		if (p->map == map_refused && p->usual)
			fprintf(out, " | %s unless it is `%.*s`: %s |\n", verdicts[j].words,
				(int)strcspn(p->usual, "|"), p->usual, p->to);
		else if (j < ARRAY_SIZE(verdicts))
			fprintf(out, " | %s: %s |\n", verdicts[j].words, p->to);
		else
			fprintf(out, " | `%s` |\n", p->to);
	}
}
