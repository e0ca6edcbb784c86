// SPDX-License-Identifier: GPL-2.0-only
/*
 * What other servers' files become. With --write, write the tables of Documentation/migration.md.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/import/import.h"
#include "identity/nss.h"
#include "mem.h"
#include "test.h"

#define DOCUMENT	"../Documentation/migration.md"

static char *folder;
static struct why why;
static enum nss_state shadow_state;

/* Nothing is sent to the kernel, and nothing written. */

int ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	(void)ctl;
	(void)format;
	return CTL_USAGE;
}

int ctl_unknown(const struct ctl *ctl, const char *kind, const char *word, const char *near)
{
	(void)kind;
	(void)word;
	return ctl_usage(ctl, "%s", near);
}

int ctl_no_more(const struct ctl *ctl, char **words)
{
	(void)ctl;
	return *words ? CTL_USAGE : CTL_OK;
}

int ctl_failed(const struct ctl *ctl, const char *format, ...)
{
	va_list args;

	(void)ctl;
	va_start(args, format);
	vsnprintf(why.text, sizeof(why.text), format, args);
	va_end(args);
	return CTL_REFUSED;
}

int config_add(struct ctl *ctl, const char *text)
{
	(void)ctl;
	(void)text;
	return CTL_OK;
}

int nss_account_state(const char *name, enum nss_state *state)
{
	(void)name;
	*state = shadow_state;
	return 0;
}

/* The path of a file with a text, in the memory of the test. */
static char *file_make(const char *name, const char *text)
{
	static char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	out = fopen(path, "w");
	if (CHECK(out))
		fclose((fputs(text, out), out));
	return path;
}

/* Read a text. Returns the sections, to be freed, and fills @im. */
static char *sections_of(bool (*read)(struct import *im, const char *path, struct why *why),
			 const char *text, struct import *im)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	memset(im, 0, sizeof(*im));
	why.text[0] = '\0';
	if (read(im, file_make("conf", text), &why))
		import_print(im, out);
	fclose(out);
	return result;
}

static void import_becomes(bool (*read)(struct import *im, const char *path, struct why *why),
			   const char *text, const char *want)
{
	struct import im;
	char *got = sections_of(read, text, &im);

	SAME(got, want);
	free(got);
	import_free(&im);
}

/* One share is left out, for a reason. */
static void import_leaves(bool (*read)(struct import *im, const char *path, struct why *why),
			  const char *text, const char *reason)
{
	const char *found = NULL;
	unsigned int i, shares = 0;
	struct import im;

	free(sections_of(read, text, &im));
	for (i = 0; i < im.nsections; i++) {
		found = im.section[i]->left_out ?: found;
		shares += im.section[i]->share && !im.section[i]->left_out;
	}
	CHECK(!shares);
	if (!found || !strstr(found, reason))
		SAME(found, reason);
	import_free(&im);
}

/* The report says something of a line. */
static void import_tells(bool (*read)(struct import *im, const char *path, struct why *why),
			 const char *text, unsigned int line, enum import_verdict verdict,
			 const char *part)
{
	bool found = false;
	struct import im;
	unsigned int i;

	free(sections_of(read, text, &im));
	for (i = 0; i < im.nentries; i++)
		found |= im.entry[i].source.line == line && im.entry[i].verdict == verdict &&
			 strstr(im.entry[i].text, part);
	if (!CHECK(found))
		printf("# line %u: %s\n", line, part);
	import_free(&im);
}

static bool nfs_conf_read(struct import *im, const char *path, struct why *reason)
{
	bool manage_gids = false;

	return import_nfs_conf(im, path, &manage_gids, reason);
}

/* The examples of exports(5) and of the file that the package has. */
static void exports_of_the_manual(void)
{
	import_becomes(import_exports,
		       "# sample /etc/exports file\n"
		       "/               master(rw) trusty(rw,no_root_squash)\n"
		       "/projects       proj*.local.domain(rw)\n"
		       "/usr            *.local.domain(ro) @trusted(rw)\n"
		       "/home/joe       pc001(rw,all_squash,anonuid=150,anongid=100)\n"
		       "/pub            *(ro,insecure,all_squash)\n"
		       "/srv/www        -sync,rw server @trusted @external(ro)\n"
		       "/foo            2001:db8:9:e54::/64(rw) 192.0.2.0/24(rw)\n"
		       "/build          buildhost[0-9].local.domain(rw)\n"
		       "/srv/nfs4       gss/krb5i(rw,sync,fsid=0,crossmnt,no_subtree_check)\n",
		       "[listener nfs]\n\n"
		       "[share root]\npath = /\nprotocols = nfs\nmanage-gids = yes\nallow = master=rw\n"
		       "allow = trusty=rw,squash=root-to-admin\n\n"
		       "[share foo]\npath = /foo\nprotocols = nfs\nmanage-gids = yes\nallow = 2001:db8:9:e54::/64=rw\n"
		       "allow = 192.0.2.0/24=rw\n\n"
		       "[share home-joe]\npath = /home/joe\nprotocols = nfs\nmanage-gids = yes\n"
		       "allow = pc001=rw,squash=all-to-guest,anon-uid=150,anon-gid=100\n\n"
		       "[share projects]\npath = /projects\nprotocols = nfs\nmanage-gids = yes\n"
		       "allow = proj*.local.domain=rw\n\n"
		       "[share pub]\npath = /pub\nprotocols = nfs\nmanage-gids = yes\nsecure-ports = no\n"
		       "allow = *=ro,squash=all-to-guest\n\n"
		       "[share srv-nfs4]\npath = /srv/nfs4\nprotocols = nfs\nsec = krb5i\nnested = on\n"
		       "allow = *=rw\n\n"
		       "[share srv-www]\npath = /srv/www\nprotocols = nfs\nmanage-gids = yes\nallow = server=rw\n"
		       "allow = @trusted=rw\nallow = @external=ro\n\n"
		       "[share usr]\npath = /usr\nprotocols = nfs\nmanage-gids = yes\nallow = *.local.domain=ro\n"
		       "allow = @trusted=rw\n");
	import_leaves(import_exports, "/build host[0-9](rw)\n", "cannot be named");
}

/* Clients match in the order of their kinds; those of several lines are one share. */
static void exports_in_order(void)
{
	import_becomes(import_exports,
		       "/srv/a/ *(ro) @g(rw) *.x(rw) 10.0.0.0/255.0.0.0(rw) \\\n  h(rw) #comment\n"
		       "/srv/a i(ro)\n\"/srv/b c\"\n/srv/d\\040e *\n/a-b *\n/a/b *\n",
		       "[listener nfs]\n\n"
		       "[share a-b]\npath = /a-b\nprotocols = nfs\nmanage-gids = yes\nallow = *=ro\n\n"
		       "[share a-b-2]\npath = /a/b\nprotocols = nfs\nmanage-gids = yes\nallow = *=ro\n\n"
		       "[share srv-a]\npath = /srv/a\nprotocols = nfs\nmanage-gids = yes\nallow = h=rw\nallow = i=ro\n"
		       "allow = 10.0.0.0/8=rw\nallow = *.x=rw\nallow = @g=rw\nallow = *=ro\n\n"
		       "[share srv-b c]\npath = /srv/b c\nprotocols = nfs\nmanage-gids = yes\nallow = *=ro\n\n"
		       "[share srv-d e]\npath = /srv/d e\nprotocols = nfs\nmanage-gids = yes\nallow = *=ro\n");
}

/* What a share has once is the first client's, or stricter, and nobody becomes somebody else. */
static void exports_that_differ(void)
{
	import_becomes(import_exports, "/a h(rw,sec=krb5,insecure) i(rw,crossmnt)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nsec = krb5\n"
		       "allow = h=rw\nallow = i=none\n");
	import_becomes(import_exports,
		       "/a h(rw,no_root_squash) i(rw,all_squash,anonuid=7,anongid=-2) j(ro)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nmanage-gids = yes\n"
		       "allow = h=rw,squash=root-to-admin\nallow = i=rw,squash=all-to-guest,anon-uid=7\n"
		       "allow = j=ro\n");
	import_becomes(import_exports,
		       "/a -anonuid=8,anongid=9 10.1.0.0/16(rw) 10.2.0.0/16(rw,anonuid=7,sec=krb5)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nmanage-gids = yes\n"
		       "allow = 10.1.0.0/16=rw,anon-uid=8,anon-gid=9\nallow = 10.2.0.0/16=none\n");
	import_tells(import_exports, "/a h(anonuid=7)\n", 1, IMPORT_MAPPED,
		     "allow = h=ro,anon-uid=7");
	import_becomes(import_exports, "/a h(mp,xprtsec=tls:mtls,security_label,sec=unix)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nmanage-gids = yes\nxprtsec = tls,mtls\n"
		       "security-labels = yes\nmountpoint = yes\nallow = h=ro\n");
	import_tells(import_exports, "\n/a h(async)\n", 2, IMPORT_LOST, "on the disk");
	import_tells(import_exports, "/a \\\n h(fsid=0)\n", 2, IMPORT_LOST, "root of NFSv4");
	import_tells(import_exports, "/a h(fsid=4711)\n", 1, IMPORT_NEEDLESS,
		     "identity");
	import_tells(import_exports, "/a h(no_subtree_check)\n", 1, IMPORT_NEEDLESS, "handles");
	import_tells(import_exports, "/a h(rw,sync)\n", 1, IMPORT_MAPPED, "allow = h=rw");
}

/* With manage-gids of mountd knfsd forgets which groups a client names. */
static void groups_of_the_server(void)
{
	static const struct {
		const char *text;
		bool before, after;
	} files[] = {
		{ "", false, false }, { "", true, true },
		{ "[mountd]\nmanage-gids=y\n", false, true },
		{ "#x\n[ Mountd ]\n Manage-GIDs = \"1\"\n", false, true },
		{ "[mountd]\nmanage-gids = perhaps\n", false, true },
		{ "[mountd]\nmanage-gids = n\n", true, false },
		{ "[mountd]\n# manage-gids = y\n", false, false },
		{ "[nfsd]\nmanage-gids = y\n", false, false },
		{ "include = /etc/x\n", false, true },
	};
	struct import im;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		bool manage = files[i].before;

		memset(&im, 0, sizeof(im));
		CHECK(import_nfs_conf(&im, file_make("conf", files[i].text), &manage, &why));
		if (!CHECK(manage == files[i].after))
			printf("# %s\n", files[i].text);
		import_free(&im);
	}
	import_tells(nfs_conf_read, "[nfsd]\nhost = 192.0.2.1\nvers3=n\nthreads = 8\nport=2050\n",
		     2, IMPORT_LOST, "key address");
	import_tells(nfs_conf_read, "[nfsd]\nvers3=n\n", 2, IMPORT_LOST, "every version");
	import_tells(nfs_conf_read, "[nfsd]\nport=2050\n", 2, IMPORT_LOST, "key port");
	/* Of another machine it is not known. */
	import_tells(import_exports, "/a h\n", 1, IMPORT_MAPPED, "manage-gids = yes");
	import_becomes(import_exports, "/a h(sec=krb5:sys)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\n"
		       "manage-gids = yes\nsec = krb5,sys\nallow = h=ro\n");
}

/* A share that would be open to more clients, or have more in it, is left out. */
static void exports_closed(void)
{
	import_leaves(import_exports, "/a#b h(rw)\n", "inside a word");
	import_leaves(import_exports, "/a h(rw)#b i(ro)\n", "inside a word");
	import_leaves(import_exports, "/a h#b(rw)\n", "inside a word");
	import_becomes(import_exports, "\"/a#b\" h\n/c\\043d h\n",
		       "[listener nfs]\n\n[share a#b]\npath = /a#b\nprotocols = nfs\nmanage-gids = yes\nallow = h=ro\n\n"
		       "[share c#d]\npath = /c#d\nprotocols = nfs\nmanage-gids = yes\nallow = h=ro\n");
	import_leaves(import_exports, "/a h(mp=/b)\n", "path of the share itself");
	import_leaves(import_exports, "/a -mountpoint=/ h\n", "path of the share itself");
	import_leaves(import_exports, "/a h(mp=yes)\n", "path of the share itself");
	import_becomes(import_exports, "/a h(mp=/a)\n/b h(mountpoint=)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nmanage-gids = yes\nmountpoint = yes\n"
		       "allow = h=ro\n\n[share b]\npath = /b\nprotocols = nfs\nmanage-gids = yes\nmountpoint = yes\n"
		       "allow = h=ro\n");
	/* What is exported below has rules of its own. */
	import_becomes(import_exports,
		       "/a h(rw,crossmnt)\n/a/b i(ro)\n/ab h(crossmnt)\n/c h(rw)\n/c/d h(ro)\n",
		       "[listener nfs]\n\n[share a-b]\npath = /a/b\nprotocols = nfs\nmanage-gids = yes\nallow = i=ro\n\n"
		       "[share ab]\npath = /ab\nprotocols = nfs\nmanage-gids = yes\nnested = on\nallow = h=ro\n\n"
		       "[share c]\npath = /c\nprotocols = nfs\nmanage-gids = yes\nallow = h=rw\n\n"
		       "[share c-d]\npath = /c/d\nprotocols = nfs\nmanage-gids = yes\nallow = h=ro\n");
	import_becomes(import_exports, "/ h(rw,crossmnt)\n/a i(ro)\n",
		       "[listener nfs]\n\n[share a]\npath = /a\nprotocols = nfs\nmanage-gids = yes\nallow = i=ro\n");
	/* Only networks of IPv4 have masks. */
	import_leaves(import_exports, "/a fe80::/ffff::(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a fe80::/::255.0.0.0(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a fe80::/255.255.255.0(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a 10.0.0.0/ffff:ffff::(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a 10.0.0.0/255.0.255.0(rw)\n", "cannot be named");
}

static void exports_hostile(void)
{
	import_leaves(import_exports, "/a any(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a cert:x(rw)\n", "cannot be named");
	import_leaves(import_exports, "/a h=rw,squash=none(ro)\n", "cannot be named");
	import_leaves(import_exports, "/a h(nonsense)\n", "not known");
	import_leaves(import_exports, "/a h(sec=nonsense)\n", "not known");
	import_leaves(import_exports, "/a h(anonuid=nobody)\n", "not allowed");
	import_leaves(import_exports, "/a h(anongid=)\n", "not allowed");
	/* Nobody becomes root because an option that looks harmless says so. */
	import_leaves(import_exports, "/a h(rw,all_squash,anonuid=0,anongid=1)\n", "not allowed");
	import_leaves(import_exports, "/a h(anongid=0)\n", "not allowed");
	import_tells(import_exports, "/a h(anonuid=0)\n", 1, IMPORT_LOST, "squash all-to-admin");
	import_leaves(import_exports, "/a h(sec=sys,ro,sec=krb5,rw)\n", "flavours");
	import_leaves(import_exports, "/a h(refer=/b@c)\n", "link");
	import_leaves(import_exports, "/a h(rw\n", "parentheses");
	import_leaves(import_exports, "\"/a h(rw)\n", "quotation mark");
	import_leaves(import_exports, "a h(rw)\n", "absolute path");
	import_leaves(import_exports, "/a 10.0.0.0/99(rw)\n", "cannot be named");
	/* A line of its own would be another key, or section. */
	import_tells(import_exports, "/a\\012[share\\040x]\n", 1, IMPORT_LOST,
		     "control characters");
	import_tells(import_exports, "\"/a \" h\n", 1, IMPORT_LOST, "blank");
	import_becomes(import_exports, "/a\\000b h\\400\n", "[listener nfs]\n");
	import_becomes(import_exports, "\\\n\\\n\\", "[listener nfs]\n");
	import_becomes(import_exports, "", "");
}

static void smb_conf_of_a_site(void)
{
	import_becomes(import_smb_conf,
		       "[global]\n workgroup = X\n map to guest = Bad User\n server min protocol = SMB3_02\n Create Mask = 2664\n"
		       " hosts allow = 192.0.2. 127. .example.org @net\n"
		       "# comment \\\nsmb encrypt = required\n; [x]\n"
		       "[data]\n PATH = /srv/da\\\nta\n write able = Yes\n comment = x ; y\n"
		       " valid users = @staff, alice \"A B\"\n write list = alice\n"
		       " admin users = \"A B\"\n invalid users = root\n browse able = no\n"
		       "[Data]\n directory mask = 02775\n"
		       "[pub]\n path = /srv/pub\n public = yes\n guest only = yes\n"
		       " vfs object = shadow_copy2 acl_xattr\n shadow:snapdir = .snap\n"
		       " create mask = 0744\n",
		       "[server]\nworkgroup = X\nmin-dialect = 3.0.2\n\n[listener smb]\n\n"
		       "[share data]\npath = /srv/data\ncomment = x ; y\nbrowse = no\n"
		       "directory-mask = 0775\ncreate-mask = 0664\nprotocols = smb\n"
		       "nested = on\nencrypt = yes\ndefault-access = none\nuser = root=none\nuser = A B=admin\n"
		       "user = alice=write\ngroup = staff=write\nallow = 192.0.2.0/24=rw\n"
		       "allow = 127.0.0.0/8=rw\nallow = *.example.org=rw\nallow = @net=rw\n\n"
		       "[share pub]\npath = /srv/pub\nguest = yes\nprotocols = smb\n"
		       "nested = on\nencrypt = yes\nsquash = all-to-guest\nsamba-acl = checked\n"
		       "snapshots = .snap\nread-only = yes\nallow = 192.0.2.0/24=rw\n"
		       "allow = 127.0.0.0/8=rw\nallow = *.example.org=rw\nallow = @net=rw\n");
	import_becomes(import_smb_conf, "[a]\npath=/a\nhosts deny = 10.0.0.1\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "read-only = yes\nallow = 10.0.0.1=none\nallow = *=rw\n");
}

/* Names without a number are the newest of their family: see smb.conf(5). */
static void dialects_of_names(void)
{
	static const struct {
		const char *name, *key;
	} dialects[] = {
		{ "SMB2", "2.1" }, { "SMB2_10", "2.1" }, { "SMB3", "3.1.1" },
		{ "SMB3_00", "3.0" }, { "SMB3_02", "3.0.2" }, { "SMB3_11", "3.1.1" },
	};
	char text[64], want[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dialects); i++) {
		snprintf(text, sizeof(text), "[global]\nmin protocol = %s\n", dialects[i].name);
		snprintf(want, sizeof(want), "[server]\nmin-dialect = %s\n\n[listener smb]\n",
			 dialects[i].key);
		import_becomes(import_smb_conf, text, want);
	}
	import_becomes(import_smb_conf, "[global]\nmin protocol = SMB2_02\n",
		       "[listener smb]\n");
}

/* Parts of the files that the packages have. */
static void files_of_packages(void)
{
	import_becomes(import_smb_conf,
		       "[homes]\n   comment = Home Directories\n   browseable = no\n   read only = yes\n"
		       "   valid users = %S\n",
		       "[listener smb]\n\n[homes]\ncomment = Home Directories\npath = /home/%U\n"
		       "nested = on\nread-only = yes\n");
	import_tells(import_smb_conf, "[homes]\nread only = no\n", 1, IMPORT_MAPPED, "elsewhere");
	import_becomes(import_smb_conf, "[homes]\npath = /srv/%D/%S\nwriteable = yes\n",
		       "[listener smb]\n\n[homes]\npath = /srv/%D/%U\nnested = on\n");
	import_leaves(import_smb_conf, "[homes]\npath = %H/smb\n", "%S, %U and %D");
	import_leaves(import_smb_conf, "[homes]\nvalid users = @staff\n", "only its user");
	import_leaves(import_smb_conf, "[homes]\nforce user = x\n", "as himself");
	import_becomes(import_smb_conf,
		       "[a]\npath = /a\nread only = no\nveto files = /*.exe/*.com/\n"
		       "force user = keeper\nforce group = team\ndelete veto files = no\n",
		       "[listener smb]\n\n[share a]\npath = /a\nveto-files = /*.exe/*.com/\n"
		       "force-user = keeper\nforce-group = team\nprotocols = smb\nnested = on\n");
	import_leaves(import_smb_conf, "[a]\npath = /a\nforce group = +team\n", "members");
	import_leaves(import_smb_conf, "[a]\npath = /a\nveto files = /[ab]*/\n", "sets");
	import_leaves(import_smb_conf, "[printers]\n   path = /var/tmp\n   printable = yes\n",
		      "printers");
	import_leaves(import_smb_conf, "[print$]\n   path = /var/lib/samba/printers\n", "printers");
	import_becomes(import_ksmbd_conf,
		       "; see ksmbd.conf(5) for details\n\n[global]\n\tguest account = nobody\n"
		       "\tserver min protocol = SMB2_10\n\tsmb3 encryption = auto\n\ttcp port = 445\n"
		       "\tcrossmnt = yes\n\tguest ok = no\n\tpath =\n\tvalid users =\n"
		       "\twriteable = no\n\n[example]\n\tcomment = read only /tmp access\n\tpath = /tmp\n"
		       "[own]\n\tpath = /srv\n\twriteable = yes\n\tcrossmnt = no\n"
		       "\tread list = a\n\twrite list = a b\n",
		       "[server]\nmin-dialect = 2.1\n\n[listener smb]\n\n"
		       "[share example]\ncomment = read only /tmp access\npath = /tmp\nprotocols = smb\n"
		       "nested = on\nread-only = yes\n\n"
		       "[share own]\npath = /srv\nprotocols = smb\nuser = a=read\nuser = b=write\n");
	import_tells(import_smb_conf, "[global]\npanic action = /x %d\n", 2, IMPORT_NEEDLESS,
		     "journal");
	import_tells(import_smb_conf, "[global]\nserver min protocol = NT1\n", 2, IMPORT_LOST,
		     "NT1");
	import_becomes(import_smb_conf, "[a]\npath = /a\nvfs objects = recycle\n",
		       "[listener smb]\n\n[share a]\npath = /a\ntrash = yes\nprotocols = smb\n"
		       "nested = on\nread-only = yes\n");
	import_becomes(import_smb_conf, "[a]\npath = /a\nvfs objects = worm\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\n"
		       "worm = 3600\nworm-retention = 0\nread-only = yes\n");
	import_becomes(import_smb_conf,
		       "[a]\npath = /a\nworm:grace_period = 60\nvfs objects = worm\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\n"
		       "worm = 60\nworm-retention = 0\nread-only = yes\n");
	import_becomes(import_smb_conf,
		       "[a]\npath = /a\nworm:grace_period = 0\nvfs objects = recycle worm\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\n"
		       "worm = 1\nworm-retention = 0\nread-only = yes\n");
	import_tells(import_smb_conf,
		     "[a]\npath = /a\nworm:grace_period = 0\nvfs objects = recycle worm\n", 3,
		     IMPORT_LOST, "a second");
	import_tells(import_smb_conf, "[a]\npath = /a\nvfs objects = recycle worm\n", 3,
		     IMPORT_LOST, "no bin");
	import_tells(import_smb_conf, "[a]\nworm:grace_period = 60\n", 2, IMPORT_NEEDLESS,
		     "not used");
	import_tells(import_smb_conf, "[a]\nrecycle:repository = old\n", 2, IMPORT_LOST,
		     "trash-keep");
	import_tells(import_smb_conf, "[a]\nvfs objects = recycle fruit\n", 2, IMPORT_NEEDLESS,
		     "apple");
	import_tells(import_smb_conf, "[a]\nfruit:time machine = yes\n", 2, IMPORT_NEEDLESS, "fit");
	import_tells(import_smb_conf, "[a]\noplocks = no\n", 2, IMPORT_LOST, "always");
	import_tells(import_smb_conf, "[a]\nnonsense = 1\n", 2, IMPORT_LOST, "not known");
	import_tells(import_smb_conf, "[a]\npath=/a\npath=/b\n", 2, IMPORT_NEEDLESS, "again");
	import_tells(import_smb_conf, "[a]\nworkgroup = x\n", 2, IMPORT_LOST, "only [global]");
	import_tells(import_smb_conf, "[global]\nworkgroup = a b\n", 2, IMPORT_LOST,
		     "no work group");
	import_tells(import_smb_conf, "[global]\nserver string = files of us\n", 2, IMPORT_MAPPED,
		     "server-string = files of us");
	import_tells(import_smb_conf, "[global]\nserver string = %h server\n", 2, IMPORT_LOST,
		     "variables");
	import_tells(import_smb_conf, "[a]\nmin protocol = SMB2\n", 2, IMPORT_LOST,
		     "only [global]");
}

/* A share that would be open to more users or machines is left out. */
static void smb_conf_closed(void)
{
	static const struct {
		const char *text, *reason;
	} shares[] = {
		{ "valid users = %S\n", "cannot be named" },
		{ "valid users = &net\n", "cannot be named" },
		{ "valid users = alice 1000\n", "'1000' cannot be named" },
		{ "valid users = @100\n", "'100' cannot be named" },
		{ "valid users = S-1-5-32-544\n", "cannot be named" },
		{ "writeable = yes\nread list = @a\nvalid users = @b @a\n", "to have less" },
		{ "writeable = yes\ninvalid users = @a\nwrite list = b\n", "to have less" },
		{ "writeable = yes\nread list = a\nvalid users = @b\n", "not named" },
		{ "admin users = a\n", "'a' could write" },
		{ "admin users = a\nwrite list = b\n", "'a' could write" },
		{ "writeable = yes\nadmin users = a\nread list = a\n", "'a' could write" },
		{ "public = yes\nguest only = yes\nwrite list = a\n", "everybody is the guest" },
		{ "public = yes\nguest account = nobody-at-all\n", "no such user" },
		{ "public = yes\n[global]\nrestrict anonymous = 2\n", "opposite" },
		{ "hosts allow = 10. EXCEPT 10.1.\n", "cannot be named" },
		{ "hosts allow = any\n", "cannot be named" },
		{ "hosts deny = LOCAL\n", "cannot be named" },
		{ "hosts deny = 10.1.*\n", "'10.1.*' cannot be named" },
		{ "hosts deny = 10.1.2.?\n", "cannot be named" },
		{ "hosts deny = fe80:*\n", "cannot be named" },
		{ "hosts deny = fe80::/ffff::\n", "cannot be named" },
		{ "copy = b\n", "testparm" },
		{ "include = /etc/%m.conf\n", "not read" },
		{ "include = registry\n", "not read" },
		{ "available = no\n", "switched off" },
		{ "available = perhaps\n", "switched off" },
		{ "printable = yes\n", "printer" },
		{ "read only = perhaps\n", "neither yes nor no" },
		{ "read only =\n", "neither yes nor no" },
		{ "hide unreadable = perhaps\n", "neither yes nor no" },
		{ "create mask = rw\n", "no mode" },
		{ "smb encrypt = always\n", "has no word for 'always'" },
		{ "smb encrypt = desired\n", "write required or if_required" },
		{ "server signing = mandatory\n", "only [global]" },
		{ "nonsense = 1\n", "not known" },
		{ "nonsense\n", "no section and no parameter" },
		{ "veto files = /%U/\n", "variables" },
		{ "veto files = /[x]/\nhide files =\n", "sets of characters" },
		{ "hide special files = yes\n", "hide-unreadable" },
		{ "hide unwriteable files = 1\n", "hide-unreadable" },
		{ "hide new files timeout = 5\n", "hide-unreadable" },
		{ "access based share enum = true\n", "browse" },
		{ "administrative share = yes\n", "browse" },
		{ "force user = %U\n", "variables" },
		{ "force group = +x\n", "members" },
		{ "group = &x\n", "members" },
		{ "inherit owner = unix only\n", "inherited lists" },
		{ "inherit permissions = yes\n", "inherited lists" },
		{ "nt acl support = no\n", "change lists" },
		{ "only user = yes\n", "valid users" },
		{ "preexec close = yes\n", "no program" },
		{ "vfs objects = recycle readonly\n", "forbids changes" },
		{ "vfs objects = acl_tdb\n", "databases of Samba" },
		{ "vfs objects = nonsense\n", "no modules" },
		{ "vfs objects = acl_xattr\nacl_xattr:security_acl_name = user.x\n", "not obeyed" },
		{ "msdfs proxy = \\b\\c\n", "link" },
		{ "vfs objects = ceph\n", "not in the file system" },
		{ "path = /srv/%U\n", "variables" },
		{ "path = srv\n", "cannot be used" },
		{ "path =\n", "no path" },
	};
	static const struct {
		const char *text, *reason;
	} all[] = {
		{ "include = registry\n", "not read" },
		{ "include = x.conf\n", "not read" },
		{ "config backend = registry\n", "testparm" },
		{ "config file = /etc/x.conf\n", "testparm" },
		{ "veto files = /%U/\n", "variables" },
		{ "server signing = always\n", "has no word for 'always'" },
		{ "server min protocol = SMB4\n", "has no word for 'SMB4'" },
		{ "smb encrypt = desired\n", "write required or if_required" },
		{ "server smb3 encryption algorithms = AES-256-GCM\n", "every algorithm" },
		{ "ntlm auth = disabled\n", "Kerberos" },
		{ "bind interfaces only = yes\ninterfaces = eth0\n", "[listener smb]" },
		{ "socket address = 192.0.2.1\n", "[listener smb]" },
		{ "username map = /etc/x\n", "user-map" },
		{ "min domain uid = 5000\n", "min-uid" },
		{ "allow trusted domains = no\n", "trusted" },
		{ "nonsense = 1\n", "not known" },
		{ "nonsense\n", "no section and no parameter" },
	};
	static const char *const harmless[] = {
		"hide files = /x/\n", "dont descend = /proc\n", "lock dir = /x\n",
		"preferedmaster = no\n", "private directory = /x\n",
		"bind dns directory = /x\n", "time offset = 1\n", "use spnego = yes\n",
		"share modes = yes\n", "map untrusted to domain = no\n",
		"vfs objects = zfs_core syncops linux_xfs_sgid crossrename default_quota\n",
		"vfs objects = snapper shadow_copy_zfs\n",
	};
	char text[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		snprintf(text, sizeof(text), "[a]\npath = /a\n%s", shares[i].text);
		import_leaves(import_smb_conf, text, shares[i].reason);
	}
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(text, sizeof(text), "[globals]\n%s[a]\npath = /a\n[b]\npath = /b\n",
			 all[i].text);
		import_leaves(import_smb_conf, text, all[i].reason);
	}
	import_tells(import_smb_conf, "[a]\nveto files =\n", 2, IMPORT_NEEDLESS, "empty");
	import_tells(import_smb_conf, "[a]\nonly user = Off\n", 2, IMPORT_NEEDLESS, "nothing");
	import_tells(import_smb_conf, "[a]\nhide files = /x/\n", 2, IMPORT_LOST, "nobody out");
	for (i = 0; i < ARRAY_SIZE(harmless); i++) {
		snprintf(text, sizeof(text), "[globals]\n%s[a]\npath = /a\n", harmless[i]);
		import_becomes(import_smb_conf, text,
			       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\n"
			       "nested = on\nread-only = yes\n");
	}
	/* What is included may be about any share. */
	import_leaves(import_smb_conf, "[a]\npath = /a\n[b]\npath = /b\ninclude = %m\n",
		      "not read");
	import_leaves(import_smb_conf,
		      "[global]\nhosts deny = 10.\n[a]\npath=/a\nhosts allow = 10.1.\n",
		      "both must admit");
	import_leaves(import_smb_conf, "[global]\nhosts allow = 10.\n[a]\npath=/a\nhosts allow =\n",
		      "both must admit");
	import_leaves(import_ksmbd_conf, "[global]\nroot directory = /r\n[a]\npath = /a\n",
		      "elsewhere");
	/* Who is not valid does not write. */
	import_becomes(import_smb_conf, "[a]\npath=/a\nvalid users = a\nwrite list = b\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "default-access = none\nuser = a=read\n");
}

/* By default nobody becomes a guest. */
static void smb_conf_guests(void)
{
	static const char with[] =
		"[listener smb]\n\n[share a]\npath = /a\nguest = yes\nprotocols = smb\n"
		"nested = on\nread-only = yes\n";
	static const char without[] =
		"[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		"read-only = yes\n";
	static const struct {
		const char *global, *becomes;
	} files[] = {
		{ "map to guest = Bad User\n", with },
		{ "map to guest = bad password\nrestrict anonymous = 1\n", with },
		{ "", without }, { "map to guest = never\n", without },
		{ "map to guest = bad uid\n", without }, { "map to guest = x\n", without },
		{ "map to guest = bad user\nmap to guest = never\n", without },
	};
	char text[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(text, sizeof(text), "[global]\n%s[a]\npath = /a\nguest ok = yes\n",
			 files[i].global);
		import_becomes(import_smb_conf, text, files[i].becomes);
		if (i != ARRAY_SIZE(files) - 1)
			import_becomes(import_ksmbd_conf, text, files[i].becomes);
	}
	import_tells(import_smb_conf, "[a]\npath = /a\npublic = yes\n", 3, IMPORT_LOST,
		     "becomes a guest");
	import_leaves(import_ksmbd_conf, "[global]\nmap to guest = bad user\n"
		      "restrict anonymous = 2\n[a]\npath = /a\nguest ok = yes\n", "opposite");
}

/* What config import ends with, for the users of a list. */
static int users_imported(const char *users)
{
	char format[] = "smb.conf", dry[] = "--dry-run", *words[] = { format, NULL, dry, NULL };
	int null = open("/dev/null", O_WRONLY), old = dup(STDOUT_FILENO), status;
	struct ctl ctl = { .json = true };
	char text[256];

	snprintf(text, sizeof(text), "[a]\npath = /a\ninvalid users = %s\n", users);
	words[1] = file_make("conf", text);
	fflush(stdout);
	CHECK(null >= 0 && dup2(null, STDOUT_FILENO) >= 0);
	status = config_import(&ctl, words);
	fflush(stdout);
	CHECK(dup2(old, STDOUT_FILENO) >= 0);
	close(null);
	close(old);
	return status;
}

/* Users and groups of lists that nobody knows stay in the file, and are not passed over. */
static void users_that_are_not_known(void)
{
	CHECK(users_imported("root daemon @daemon") == CTL_OK);
	CHECK(users_imported("root nobody-at-all") == CTL_DEGRADED);
	CHECK(users_imported("@nobody-at-all") == CTL_DEGRADED);
	import_tells(import_smb_conf, "[a]\npath = /a\ninvalid users = root nobody-at-all\n", 3,
		     IMPORT_LOST, "no user 'nobody-at-all'");
	import_tells(import_smb_conf, "[a]\npath = /a\nvalid users = @nobody-at-all\n", 3,
		     IMPORT_LOST, "no group 'nobody-at-all'");
	import_becomes(import_smb_conf, "[a]\npath = /a\ninvalid users = nobody-at-all\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "read-only = yes\nuser = nobody-at-all=none\n");
}

/* What a share says counts before what [global] says, whatever it calls that. */
static void smb_conf_defaults(void)
{
	static const char is_read_only[] =
		"[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		"read-only = yes\n";
	static const char is_writable[] =
		"[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n";
	/* Samba makes [global] the default of the shares below. */
	static const struct {
		const char *format, *becomes;
	} files[] = {
		{ "%s\nread only = no\n[a]\npath = /a\n%s = no\n", is_read_only },
		{ "%s\n%s = yes\n[a]\npath = /a\nread only = 1\n", is_read_only },
		{ "%s\n%s = yes\n[a]\npath = /a\n", is_writable },
		{ "[a]\npath = /a\nread only = yes\n%s\n%s = yes\n", is_read_only },
		{ "[a]\npath = /a\n%s\n%s = yes\n", NULL },
	};
	static const char *const global[] = { "[global]", "[globals]", "[ Glo Bals ]" };
	static const char *const synonyms[] = { "writeable", "writable", "write ok", "WriteOk" };
	char text[512];
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		for (j = 0; j < ARRAY_SIZE(global) * ARRAY_SIZE(synonyms); j++) {
			k = j % ARRAY_SIZE(global);
			snprintf(text, sizeof(text), files[i].format, global[k],
				 synonyms[j / ARRAY_SIZE(global)]);
			if (files[i].becomes)
				import_becomes(import_smb_conf, text, files[i].becomes);
			else
				import_leaves(import_smb_conf, text, "move that up");
		}
	}
	/* The last one counts. */
	import_becomes(import_smb_conf, "[a]\npath = /a\nwriteable = yes\nread only = yes\n",
		       is_read_only);
	import_becomes(import_smb_conf, "[a]\npath = /a\nread only = yes\nwrite ok = yes\n",
		       is_writable);
	import_becomes(import_smb_conf, "[global]\nread only = yes\n[a]\npath = /a\n"
		       "[global]\nwriteable = yes\n[a]\nread only = yes\n", is_read_only);
	import_becomes(import_smb_conf, "[global]\nforce user = x\n[a]\npath = /a\nforce user =\n"
		       "writeable = yes\n", is_writable);
	/* If [global] demands it, a share cannot do without. */
	import_becomes(import_smb_conf,
		       "[global]\nsmb encrypt = enforced\n[a]\npath = /a\nserver smb encrypt = off\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "encrypt = yes\nread-only = yes\n");
	import_becomes(import_smb_conf, "[global]\nserver signing = forced\n[a]\npath = /a\n",
		       "[server]\nrequire-signing = yes\n\n[listener smb]\n\n[share a]\npath = /a\n"
		       "protocols = smb\nnested = on\nread-only = yes\n");
	/* Blanks do not matter: this is one section. */
	import_becomes(import_smb_conf, "[a  b]\npath = /a\n[a\tb]\nvalid users = c\n",
		       "[listener smb]\n\n[share a b]\npath = /a\nprotocols = smb\nnested = on\n"
		       "default-access = none\nread-only = yes\nuser = c=read\n");
	/* A writer is one as an administrator, too. */
	import_becomes(import_smb_conf, "[a]\npath = /a\nadmin users = c\nwrite list = c\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "default-access = read\nuser = c=admin\n");
}

/* What ksmbd reads otherwise, and what it does not read. */
static void ksmbd_conf_as_it_is_read(void)
{
	static const struct {
		const char *text, *reason;
	} shares[] = {
		{ "admin users = a\n", "ksmbd does not read it" },
		{ "hosts allow = 10.\n", "ksmbd does not read it" },
		{ "hosts deny = 10.\n", "ksmbd does not read it" },
		{ "public = yes\n", "ksmbd does not read it" },
		{ "write  able = yes\n", "ksmbd does not read it" },
		{ "smb encrypt = required\n", "ksmbd does not read it" },
		{ "include = /etc/x\n", "not known" },
		{ "read only = on\n", "neither yes nor no" },
		{ "read only = yes\nwriteable = yes\n", "says the opposite" },
		{ "writeable = no\nwrite ok = yes\n", "says the opposite" },
		{ "valid users = +a\n", "cannot be named" },
		{ "valid users = \"a b\"\n", "cannot be named" },
		{ "force user = %U\n", "variables" },
		{ "veto files = /%U/\n", "variables" },
		{ "inherit owner = yes\n", "inherited lists" },
	};
	char text[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		snprintf(text, sizeof(text), "[a]\npath = /a\n%s", shares[i].text);
		import_leaves(import_ksmbd_conf, text, shares[i].reason);
	}
	import_leaves(import_ksmbd_conf, "[global]\nsmb3 encryption = required\n[a]\npath = /a\n",
		      "has no word for 'required'");
	import_leaves(import_ksmbd_conf, "[global]\nbind interfaces only = yes\n[a]\npath = /a\n",
		      "[listener smb]");
	/* The default of another name counts there. */
	import_leaves(import_ksmbd_conf,
		      "[global]\nread only = no\n[a]\npath = /a\nwriteable = no\n", "opposite");
	/* The whole file is useless there. */
	import_leaves(import_ksmbd_conf, "[a]\npath = /a\n[b]\npath = /b\nnonsense\n",
		      "no section and no parameter");
	import_leaves(import_ksmbd_conf, "[a]\npath = /a\n[b] c\npath = /b\n", "behind the ']'");
	/* Comments end values, the first one counts, and lines do not go on. */
	import_becomes(import_ksmbd_conf,
		       "[a]\npath = /a;b\nvalid users = c#d\ncomment = x \\\nread list = c\n"
		       "read list =\nvalid users = e\nwriteable = no # yes\n\twriteable = yes\n"
		       "[globals]\npath = /g ; h\n[global] ; x\nwriteable = yes;\n",
		       "[listener smb]\n\n[share a]\npath = /a\ncomment = x \\\nprotocols = smb\n"
		       "nested = on\ndefault-access = none\nread-only = yes\nuser = c=read\n\n"
		       "[share globals]\npath = /g\nprotocols = smb\nnested = on\n");
}

static bool is_refused(const char *text, const char *reason)
{
	struct import im;
	bool good;

	free(sections_of(import_smb_conf, text, &im));
	import_free(&im);
	good = strstr(why.text, reason);
	if (!good)
		SAME(why.text, reason);
	return good;
}

static void smb_conf_hostile(void)
{
	char *text = mem_new(2 * 1024 * 1024), *p = text, *path;
	char include[256], fifo[128], below[128];
	struct import im = { 0 };
	unsigned int i;
	FILE *out;

	/* What cannot be included leaves out every share, and is reported. */
	snprintf(include, sizeof(include), "[a]\npath = /a\ninclude = %s/conf\n", folder);
	import_leaves(import_smb_conf, include, "too deep");
	snprintf(include, sizeof(include), "[a]\npath = /a\n[b]\npath = /b\ninclude = %s/none\n",
		 folder);
	import_leaves(import_smb_conf, include, "No such file");
	import_tells(import_smb_conf, include, 5, IMPORT_LOST, "No such file");
	import_leaves(import_smb_conf, "[a]\npath = /a\ninclude = /dev/zero\n",
		      "no regular file");
	snprintf(below, sizeof(below), "%s", file_make("below", "hide dot files = yes\n[c\n"));
	snprintf(include, sizeof(include), "[a]\npath = /a\ninclude = %s\n", below);
	import_leaves(import_smb_conf, include, "']' is missing");
	unlink(below);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	CHECK(!mkfifo(fifo, 0600));
	snprintf(include, sizeof(include), "[a]\npath = /a\ninclude = %s\n", fifo);
	import_leaves(import_smb_conf, include, "no regular file");
	unlink(fifo);
	for (i = 0; i < 5000; i++)
		p += sprintf(p, "[s%u]\n", i);
	CHECK(is_refused(text, "sections"));
	for (p = text, i = 0; i < 40000; i++)
		p += sprintf(p, "a=b\n");
	CHECK(is_refused(text, "parameters"));
	snprintf(include, sizeof(include), "include=%s/conf\n", folder);
	for (p = text, i = 0; i < 20000; i++)
		p += sprintf(p, "%s", include);
	CHECK(is_refused(text, "parameters"));
	memset(text, 'x', 1024 * 1024 + 1);
	text[1024 * 1024 + 1] = '\0';
	CHECK(is_refused(text, "larger"));
	memset(text, 'x', 20000);
	text[20000] = '\0';
	CHECK(is_refused(text, "longer"));
	CHECK(is_refused("[a\n", "missing"));
	path = file_make("conf", "");
	out = fopen(path, "w");
	CHECK(out && fwrite("[a]\0\n", 1, 5, out) == 5 && !fclose(out));
	CHECK(!import_smb_conf(&im, path, &why) && strstr(why.text, "NUL byte"));
	import_free(&im);
	import_becomes(import_smb_conf, "[a\x1b[2J]\npath = /a\n", "[listener smb]\n");
	import_becomes(import_smb_conf, "[a/b]\npath = /a\n", "[listener smb]\n");
	import_becomes(import_smb_conf, "[a]\npath = /a\ncomment = x\x1b[2J\n\\\n",
		       "[listener smb]\n\n[share a]\npath = /a\nprotocols = smb\nnested = on\n"
		       "read-only = yes\n");
	free(text);
}

/* Run the command with a file. Returns its status, and what it prints in JSON, to be freed. */
static int accounts_run(char *path, bool dry_run, char **text)
{
	char dry[] = "--dry-run", *words[] = { path, dry_run ? dry : NULL, NULL }, users[128];
	int out = memfd_create("out", MFD_CLOEXEC), old = dup(STDOUT_FILENO), status;
	struct ctl ctl = { .json = true };
	struct stat st;

	snprintf(users, sizeof(users), "%s/users", folder);
	why.text[0] = '\0';
	fflush(stdout);
	CHECK(out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
	status = accounts_import(&ctl, words, users);
	fflush(stdout);
	CHECK(dup2(old, STDOUT_FILENO) >= 0 && !fstat(out, &st));
	*text = mem_new((size_t)st.st_size + 1);
	CHECK(pread(out, *text, (size_t)st.st_size, 0) == st.st_size);
	close(out);
	close(old);
	return status;
}

#define HASH	"8846F7EAEE8FB117AD06BDD830B7586C"
#define EMPTY	"31D6CFE0D16AE931B73C59D7E0C089C0"
#define NONE	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

static void accounts_of_others(void)
{
	static const struct {
		const char *line, *result;
	} known[] = {
		{ "daemon:1:" NONE ":" HASH ":[UX         ]:LCT-6AF3B9C5:", "\"imported\":true" },
		{ "daemon:1:" NONE ":" HASH ":[LU         ]:LCT-6AF3B9C5:", "locked: pdbedit -z" },
		{ "daemon:1:" NONE ":" HASH ":[UDL        ]:LCT-6AF3B9C5:", "disabled" },
		{ "daemon:1:" NONE ":" HASH ":[NU         ]:LCT-6AF3B9C5:", "no NT hash" },
		{ "daemon:1:" NONE ":" HASH ":[TU         ]:LCT-6AF3B9C5:", "of a user" },
		{ "daemon:1:" NONE ":" HASH ":[?U         ]:LCT-6AF3B9C5:", "of a user" },
		{ "daemon:1:" NONE ":" HASH ":[X          ]:LCT-6AF3B9C5:", "of a user" },
		{ "daemon:1:" NONE ":" HASH ":[U          :LCT-6AF3B9C5:", "of a user" },
		{ "daemon:1:" NONE ":" HASH ":[U          ]:LCT-00000000:", "changed first" },
		{ "daemon:1:" NONE ":" HASH ":[U          ]:LCT-00000000", "changed first" },
		{ "daemon:1:" NONE ":" HASH ":[UX         ]:LCT-00000000:", "\"imported\":true" },
		{ "daemon:MdbP4NFq6TG3PFnX4MCJwA==", "empty" },
		{ "daemon:", "no NT hash" },
		{ "daemon:1:" NONE ":" HASH ":[U          ]:LCT-6AF3B9C5:", "\"imported\":true" },
		{ "daemon:iEb36u6PsRetBr3YMLdYbA==", "\"imported\":true" },
		{ "nobody-at-all:1:" NONE ":" HASH ":[U          ]:LCT-6AF3B9C5:", "no such user" },
		{ "daemon:1:" NONE ":" HASH ":[DU         ]:LCT-6AF3B9C5:", "disabled" },
		{ "daemon$:1:" NONE ":" HASH ":[W          ]:LCT-6AF3B9C5:", "of a machine" },
		{ "daemon:1:" NONE ":" NONE ":[U          ]:LCT-6AF3B9C5:", "no NT hash" },
		{ "daemon:1:" NONE ":" EMPTY ":[U          ]:LCT-6AF3B9C5:", "empty" },
		{ "daemon:1:" NONE ":" HASH "00:[U         ]:LCT-6AF3B9C5:", "no NT hash" },
		{ "daemon:1:" NONE ":" HASH, "no account" },
		{ "daemon:iEb36u6PsRetBr3YMLdYbA=", "no NT hash" },
		{ "daemon:iEb36u6PsRetBr3YMLdYb===", "no NT hash" },
		{ "daemon:iEb36u6PsRetBr3YMLdYbAAA", "no NT hash" },
		{ HASH, "no account" },
		{ "da\x1b[mon:" HASH, "no account" },
		{ ":1:" NONE ":" HASH ":[U          ]:", "no account" },
	};
	char *text, *path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		path = file_make("accounts", known[i].line);
		chmod(path, 0600);
		accounts_run(path, true, &text);
		if (!CHECK(strstr(text, known[i].result)))
			printf("# %s\n", known[i].result);
		CHECK(!strstr(text, HASH) && !strstr(text, "iEb36u6P") && !strstr(text, "\x1b"));
		free(text);
	}
}

static void accounts_that_are_locked(void)
{
	static const struct {
		enum nss_state state;
		const char *result;
	} states[] = {
		{ NSS_LOCKED, "usermod -U" }, { NSS_EXPIRED, "chage -E" },
		{ NSS_VALID, "\"imported\":true" },
	};
	char *path = file_make("accounts", "daemon:1:" NONE ":" HASH ":[U          ]:\n"), *text;
	size_t i;

	chmod(path, 0600);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		shadow_state = states[i].state;
		accounts_run(path, true, &text);
		CHECK(strstr(text, states[i].result));
		free(text);
	}
}

/* Nobody is called imported before his account is written. */
static void accounts_that_are_not_written(void)
{
	char *path = file_make("accounts", "daemon:iEb36u6PsRetBr3YMLdYbA==\n"), *text;
	char users[128], new[128];

	snprintf(users, sizeof(users), "%s/users", folder);
	snprintf(new, sizeof(new), "%s/users.new", folder);
	chmod(path, 0600);
	CHECK(!mkdir(new, 0700));
	CHECK(accounts_run(path, false, &text) == CTL_REFUSED && !text[0]);
	CHECK(strstr(why.text, "File exists"));
	free(text);
	rmdir(new);
	CHECK(accounts_run(path, false, &text) == CTL_OK && strstr(text, "\"imported\":true"));
	CHECK(!unlink(users));
	free(text);
}

static void accounts_that_others_read(void)
{
	char *path = file_make("accounts", "daemon:iEb36u6PsRetBr3YMLdYbA==\n"), *text;

	chmod(path, 0604);
	CHECK(accounts_run(path, true, &text) == CTL_REFUSED && strstr(why.text, "chmod 600"));
	free(text);
	chmod(path, 0640);
	CHECK(chown(path, (uid_t)-1, 1) || accounts_run(path, true, &text) == CTL_REFUSED);
	if (!geteuid())
		free(text);
	CHECK(accounts_run(folder, true, &text) == CTL_REFUSED && strstr(why.text, "regular"));
	free(text);
}

/* The text of a document with the tables of the code between its markers, to be freed. */
static char *document_text(const char *now)
{
	static const struct {
		const char *begin, *title;
		void (*table)(FILE *out);
	} tables[] = {
		{ "<!-- exports -->\n", "option of exports(5)", import_exports_table },
		{ "<!-- smb.conf -->\n", "parameter", import_smb_table },
	};
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const char *begin = strstr(now, tables[i].begin), *end;

		end = begin ? strstr(begin, "<!-- end -->\n") : NULL;
		if (!CHECK(end))
			break;
		fprintf(out, "%.*s%s| %s | what becomes of it |\n|---|---|\n", (int)(begin - now),
			now, tables[i].begin, tables[i].title);
		tables[i].table(out);
		now = end;
	}
	fputs(now, out);
	fclose(out);
	return text;
}

static char *document_read(void)
{
	char *text = mem_new(256 * 1024);
	FILE *in = fopen(DOCUMENT, "r");

	if (CHECK(in)) {
		CHECK(fread(text, 1, 256 * 1024 - 1, in));
		fclose(in);
	}
	return text;
}

/* tests/import --write makes it so. */
static void tables_documented(void)
{
	char *now = document_read(), *text = document_text(now);

	CHECK(!strcmp(now, text));
	free(now);
	free(text);
}

static const struct test tests[] = {
	TEST(exports_of_the_manual),
	TEST(exports_in_order),
	TEST(exports_that_differ),
	TEST(groups_of_the_server),
	TEST(exports_closed),
	TEST(exports_hostile),
	TEST(smb_conf_of_a_site),
	TEST(dialects_of_names),
	TEST(files_of_packages),
	TEST(smb_conf_closed),
	TEST(smb_conf_guests),
	TEST(users_that_are_not_known),
	TEST(smb_conf_defaults),
	TEST(ksmbd_conf_as_it_is_read),
	TEST(smb_conf_hostile),
	TEST(accounts_of_others),
	TEST(accounts_that_are_locked),
	TEST(accounts_that_are_not_written),
	TEST(accounts_that_others_read),
	TEST(tables_documented),
	{ NULL, NULL }
};

int main(int argc, char **argv)
{
	char template[] = "/tmp/ditto-import-XXXXXX", path[128];
	int status;

	if (argc == 2 && !strcmp(argv[1], "--write")) {
		char *text = document_text(document_read());
		FILE *out = fopen(DOCUMENT, "w");

		return !out || fputs(text, out) < 0 || fclose(out);
	}
	folder = mkdtemp(template);
	if (!folder)
		return 1;
	status = test_main(tests);
	snprintf(path, sizeof(path), "%s/conf", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/accounts", folder);
	unlink(path);
	rmdir(folder);
	return status;
}
