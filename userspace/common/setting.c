// SPDX-License-Identifier: GPL-2.0-only
/* Settings of the server as text. */

#include <stdio.h>

#include "ditto-nl-gen.h"
#include "setting.h"

bool setting_read(unsigned int type, const char *text, u64 *value, struct why *why)
{
	const struct spec_attr *attr = &spec_server_set.attrs[type];
	u32 number = 0;
	bool truth = false;
	bool good;

	switch (attr->form) {
	case SPEC_BOOL:
		good = text_bool(text, &truth, why);
		*value = truth;
		return good;
	case SPEC_ENUM:
		good = text_enum(text, attr->values, &number, why);
		*value = number;
		return good;
	case SPEC_DIALECT:
		good = text_dialect(text, &number, why);
		*value = number;
		return good;
	default:
		return text_number(text, attr->min, attr->max, value, why);
	}
}

const char *setting_text(unsigned int type, u64 value, char buf[SETTING_TEXT_MAX])
{
	const struct spec_attr *attr = &spec_server_set.attrs[type];
	char dialect[TEXT_DIALECT_MAX];

	switch (attr->form) {
	case SPEC_BOOL:
		snprintf(buf, SETTING_TEXT_MAX, "%s", value ? "yes" : "no");
		break;
	case SPEC_ENUM:
		snprintf(buf, SETTING_TEXT_MAX, "%s", spec_enum_name(attr->values, value));
		break;
	case SPEC_DIALECT:
		snprintf(buf, SETTING_TEXT_MAX, "%s", text_from_dialect((u32)value, dialect));
		break;
	default:
		snprintf(buf, SETTING_TEXT_MAX, "%llu", value);
	}
	return buf;
}

const char *setting_values(unsigned int type, char *buf, size_t size)
{
	const struct spec_attr *attr = &spec_server_set.attrs[type];

	switch (attr->form) {
	case SPEC_BOOL:
		snprintf(buf, size, "yes or no");
		break;
	case SPEC_ENUM:
		spec_enum_all(attr->values, buf, size);
		break;
	case SPEC_DIALECT:
		snprintf(buf, size, "%s", TEXT_DIALECTS);
		break;
	default:
		snprintf(buf, size, "%llu to %llu", attr->min, attr->max);
	}
	return buf;
}
