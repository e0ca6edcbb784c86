// SPDX-License-Identifier: GPL-2.0-only
/* Formats values for people. */

#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nl/nl.h"
#include "out.h"
#include "text.h"

const char *time_text(u64 seconds, u32 nanoseconds, bool fraction,
		      char buf[OUT_VALUE_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;
	size_t len;

	if (!gmtime_r(&t, &tm)) {
		snprintf(buf, OUT_VALUE_MAX, "?");
		return buf;
	}
	len = strftime(buf, OUT_VALUE_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	if (fraction)
		len += (size_t)snprintf(buf + len, OUT_VALUE_MAX - len, ".%09u", nanoseconds);
	snprintf(buf + len, OUT_VALUE_MAX - len, "Z");
	return buf;
}

const char *duration_text(u64 ms, char buf[OUT_VALUE_MAX])
{
	unsigned long long s = ms / 1000;

	if (!s)
		snprintf(buf, OUT_VALUE_MAX, "%llums", ms);
	else if (s < 60)
		snprintf(buf, OUT_VALUE_MAX, "%llus", s);
	else if (s < 3600)
		snprintf(buf, OUT_VALUE_MAX, "%llum %llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, OUT_VALUE_MAX, "%lluh %llum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, OUT_VALUE_MAX, "%llud %lluh", s / 86400, s / 3600 % 24);
	return buf;
}

const char *bytes_text(double bytes, char buf[OUT_VALUE_MAX])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t i = 0;

	while (bytes >= 1024 && i + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, OUT_VALUE_MAX, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return buf;
}

static void flags_text(const struct spec_enum *e, u64 value, char *buf, size_t size)
{
	size_t len = 0;
	unsigned int i;

	snprintf(buf, size, "-");
	for (i = 0; i < e->count; i++)
		if (e->names[i] && (value & (1ULL << i)) && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? "," : "",
						e->names[i]);
}

static void hex_text(const unsigned char *bytes, size_t len, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < len && 2 * i + 2 < size; i++)
		sprintf(buf + 2 * i, "%02x", bytes[i]);
}

const char *value_text(const struct spec_attr *attr, const struct nlattr *nla,
		       char *buf, size_t size)
{
	u64 value = msg_number(attr, nla);
	char text[TEXT_SID_MAX];

	switch (attr->form) {
	case SPEC_BOOL:
		snprintf(buf, size, "%s", value ? "yes" : "no");
		break;
	case SPEC_ENUM:
		snprintf(buf, size, "%s", spec_enum_name(attr->values, value));
		break;
	case SPEC_FLAGS:
		flags_text(attr->values, value, buf, size);
		break;
	case SPEC_ADDRESS:
		snprintf(buf, size, "%s",
			 text_from_address(nla_data(nla), (size_t)nla_len(nla), text));
		break;
	case SPEC_UUID:
		snprintf(buf, size, "%s", text_from_uuid(nla_data(nla), text));
		break;
	case SPEC_TIME_NS:
		snprintf(buf, size, "%s",
			 time_text(value / 1000000000, value % 1000000000, true, text));
		break;
	case SPEC_TIME_S:
		snprintf(buf, size, "%s", time_text(value, 0, false, text));
		break;
	case SPEC_SID:
		snprintf(buf, size, "%s",
			 text_from_sid(nla_data(nla), (size_t)nla_len(nla), text));
		break;
	case SPEC_HEX:
	case SPEC_NUMBERS:
		hex_text(nla_data(nla), (size_t)nla_len(nla), buf, size);
		break;
	default:
		snprintf(buf, size, "%llu", value);
	}
	return buf;
}
