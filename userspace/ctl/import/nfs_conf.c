// SPDX-License-Identifier: GPL-2.0-only
/* nfs.conf(5) of nfs-utils: what it says about access to all exports, see import.h. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import.h"
#include "mem.h"

/* Values may be in quotation marks. */
#define BLANKS	IMPORT_BLANKS "\""

/* Keys of [nfsd] that restrict who reaches the server, and what becomes of them. */
static const struct {
	const char *key;
	const char *usual;
	const char *why;
} nfsd_keys[] = {
	{ "host", "", "the listener is open on all addresses: [listener nfs] has a key address" },
	{ "port", "2049", "[listener nfs] has a key port" },
	{ "vers3", "y|yes|t|true|1|on", "every version of NFS is served" },
	{ "vers4", "y|yes|t|true|1|on", "every version of NFS is served" },
	{ "vers4.0", "y|yes|t|true|1|on", "every version of NFS is served" },
	{ "vers4.1", "y|yes|t|true|1|on", "every version of NFS is served" },
	{ "vers4.2", "y|yes|t|true|1|on", "every version of NFS is served" },
};

static bool word_is_one(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (; *words; words += strcspn(words, "|"), words += !!*words)
		if (strcspn(words, "|") == len && !strncasecmp(words, word, len))
			return true;
	return false;
}

static void key_read(struct import *im, const struct import_source *at, const char *section,
		     const char *key, const char *value, bool *manage_gids)
{
	char *what = mem_print("%s = %s", key, value);
	size_t i;

	/* What is no clear no may mean yes. */
	if (!strcasecmp(section, "mountd") && word_is_one("manage-gids|manage_gids", key)) {
		*manage_gids = !word_is_one("n|no|f|false|0|off", value);
		import_tell(im, at, what, IMPORT_MAPPED, "manage-gids = %s",
			    *manage_gids ? "yes" : "no");
	}
	for (i = 0; !strcasecmp(section, "nfsd") && i < ARRAY_SIZE(nfsd_keys); i++)
		if (!strcasecmp(nfsd_keys[i].key, key) && !word_is_one(nfsd_keys[i].usual, value))
			import_tell(im, at, what, IMPORT_LOST, "%s", nfsd_keys[i].why);
	if (!strcasecmp(key, "include")) {
		*manage_gids = true;
		import_tell(im, at, what, IMPORT_LOST,
			    "it is not read: manage-gids = yes, the stricter value, is used");
	}
	free(what);
}

bool import_nfs_conf(struct import *im, const char *path, bool *manage_gids, struct why *why)
{
	struct import_source at = { .line = 0 };
	char *text = import_file_read(im, path, false, &at.file, why), *rest = text, *line, *value;
	const char *section = "";

	if (!text)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		at.line++;
		line = import_trim(line, BLANKS);
		if (!*line || strchr("#;", *line))
			continue;
		if (*line == '[') {
			line[strcspn(line, "]")] = '\0';
			section = import_trim(line + 1, BLANKS);
			continue;
		}
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		key_read(im, &at, section, import_trim(line, BLANKS), import_trim(value, BLANKS),
			 manage_gids);
	}
	free(text);
	return true;
}
