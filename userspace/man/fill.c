// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies a manual page from the standard input to the standard output. In place of a line that says
 * @SETTINGS@ it puts the description of all settings, and for @SHARE_KEYS@ and @SHARE_OPTIONS@ of
 * the options of shares, as the configuration file and dittoctl have them.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <linux/ditto.h>

#include "nl/share.h"
#include "nl/setting.h"

/* Print text for man(7), each sentence on a line of its own. */
static void print_text(const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		start = *text == ' ' && text[-1] == '.';
		if (start)
			putchar('\n');
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
	putchar('\n');
}

/* Print the name as the configuration file has it, or else as dittoctl has it. */
static void print_name(const char *name, bool key)
{
	fputs(".TP\n.B ", stdout);
	for (; *name; name++) {
		if (*name != '-')
			putchar(*name);
		else
			fputs(key ? "_" : "\\-", stdout);
	}
	putchar('\n');
}

static void print_setting(const struct setting *s, bool key)
{
	char initial[SETTING_TEXT_MAX], values[256], line[512];
	const char *before = "", *unit = "";

	setting_text(s, s->initial, initial);
	setting_values(s, values, sizeof(values));
	if (s->type == DITTO_SETTING_TYPE_ENUM)
		before = "One of ";
	else if (s->type == DITTO_SETTING_TYPE_FLAGS)
		before = "A list, separated by commas, of ";
	else
		values[0] = (char)toupper((unsigned char)values[0]);
	if (s->type == DITTO_SETTING_TYPE_NUMBER)
		unit = s->values;
	snprintf(line, sizeof(line), "%s%s%s%s; %s by default.", before, values,
		 unit[0] ? " " : "", unit, initial);
	print_name(s->name, key);
	print_text(s->doc);
	print_text(line);
}

static void print_settings(void)
{
	const char *owner = "core";
	unsigned int i;

	for (i = 0; i < SETTINGS; i++) {
		if (strcmp(owner, settings[i].owner)) {
			owner = settings[i].owner;
			printf(".PP\nThe protocol\n.B %s\n", owner);
			puts("has these settings, which take effect when its module is loaded:");
		}
		print_setting(&settings[i], true);
	}
}

static void print_options(bool keys)
{
	const char *owner = "core";
	unsigned int i;

	for (i = 0; i < SHARE_OPTIONS; i++) {
		if (strcmp(owner, share_options[i].owner)) {
			owner = share_options[i].owner;
			printf(".PP\nThe protocol\n.B %s\n", owner);
			puts("has these options, which are kept while its module is not loaded:");
		}
		print_setting(&share_options[i], keys);
	}
}

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "@SETTINGS@\n"))
			print_settings();
		else if (!strcmp(line, "@SHARE_KEYS@\n"))
			print_options(true);
		else if (!strcmp(line, "@SHARE_OPTIONS@\n"))
			print_options(false);
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
