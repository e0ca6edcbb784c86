// SPDX-License-Identifier: GPL-2.0-only
/* What is in the keytab of this machine, see keytab.h. */

#include <stdio.h>
#include <string.h>

#include <krb5/krb5.h>

#include "keytab.h"

static bool entry_is_of(const krb5_keytab_entry *entry, const char *service)
{
	const krb5_data *first;

	if (entry->principal->length < 2)
		return false;
	first = &entry->principal->data[0];
	return first->length == strlen(service) && !memcmp(first->data, service, first->length);
}

static krb5_error_code keytab_search(krb5_context context, krb5_keytab keytab,
				     const char *service, bool *found)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_error_code code;

	code = krb5_kt_start_seq_get(context, keytab, &cursor);
	if (code)
		return code;
	while (!*found && !(code = krb5_kt_next_entry(context, keytab, &entry, &cursor))) {
		*found = entry_is_of(&entry, service);
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, keytab, &cursor);
	return *found || code == KRB5_KT_END ? 0 : code;
}

bool keytab_has_service(const char *service, struct why *why)
{
	char name[1024] = "the keytab";
	krb5_keytab keytab = NULL;
	krb5_context context;
	krb5_error_code code;
	bool found = false;
	const char *text;

	if (krb5_init_context(&context))
		return why_not(why, "the Kerberos configuration cannot be read");
	code = krb5_kt_default(context, &keytab);
	if (!code) {
		krb5_kt_get_name(context, keytab, name, sizeof(name));
		code = keytab_search(context, keytab, service, &found);
		krb5_kt_close(context, keytab);
	}
	if (code) {
		text = krb5_get_error_message(context, code);
		/* The text may have the name. */
		if (strstr(text, name))
			why_not(why, "%s", text);
		else
			why_not(why, "%s: %s", name, text);
		krb5_free_error_message(context, text);
	} else if (!found) {
		why_not(why, "%s has no key of %s/HOST", name, service);
	}
	krb5_free_context(context);
	return found;
}
