// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies a manual page from the standard input to the standard output, and puts the description of
 * all settings in place of the line that says @SETTINGS@.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <linux/ditto.h>

#include "setting.h"

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

/* Print the name as the configuration file has it. */
static void print_name(const char *name)
{
	fputs(".TP\n.B ", stdout);
	for (; *name; name++)
		putchar(*name == '-' ? '_' : *name);
	putchar('\n');
}

static void print_setting(const struct setting *s)
{
	char initial[SETTING_TEXT_MAX], values[256], line[512];

	setting_text(s, s->initial, initial);
	setting_values(s, values, sizeof(values));
	values[0] = (char)toupper((unsigned char)values[0]);
	snprintf(line, sizeof(line), "%s%s%s; %s by default.", values,
		 s->type == DITTO_SETTING_TYPE_NUMBER && s->values[0] ? " " : "",
		 s->type == DITTO_SETTING_TYPE_NUMBER ? s->values : "", initial);
	print_name(s->name);
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
		print_setting(&settings[i]);
	}
}

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "@SETTINGS@\n"))
			fputs(line, stdout);
		else
			print_settings();
	}
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
