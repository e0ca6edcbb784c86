// SPDX-License-Identifier: GPL-2.0-only
/* Reading and writing of netlink messages, and the messages of errors. */

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "ditto-nl-gen.h"
#include "common/mem.h"
#include "nl.h"

int msg_parse(struct nl_msg *msg, const struct spec_set *set, struct nlattr **tb)
{
	return genlmsg_parse(nlmsg_hdr(msg), 0, tb, (int)set->max, set->policy) < 0 ? -EBADMSG : 0;
}

u64 msg_number(const struct spec_attr *attr, const struct nlattr *nla)
{
	switch (attr->kind) {
	case SPEC_U8:
		return nla_get_u8(nla);
	case SPEC_U16:
		return nla_get_u16(nla);
	case SPEC_U32:
		return nla_get_u32(nla);
	case SPEC_U64:
		return nla_get_u64((struct nlattr *)nla);
	default:
		return 0;
	}
}

void msg_put(struct nl_msg *msg, unsigned int type, const void *data, size_t len)
{
	if (nla_put(msg, (int)type, (int)len, data) < 0)
		mem_out();
}

/* libnl would leave a list out that is too long, and trim an empty one away. */
void msg_end_list(struct nl_msg *msg, struct nlattr *list)
{
	if (nla_nest_end_keep_empty(msg, list) < 0)
		mem_out();
}

void msg_put_string(struct nl_msg *msg, unsigned int type, const char *text)
{
	msg_put(msg, type, text, strlen(text) + 1);
}

void msg_put_number(struct nl_msg *msg, const struct spec_set *set, unsigned int type,
		    u64 value)
{
	u32 word = (u32)value;
	u16 half = (u16)value;
	u8 byte = (u8)value;

	switch (set->attrs[type].kind) {
	case SPEC_U8:
		msg_put(msg, type, &byte, sizeof(byte));
		break;
	case SPEC_U16:
		msg_put(msg, type, &half, sizeof(half));
		break;
	case SPEC_U32:
		msg_put(msg, type, &word, sizeof(word));
		break;
	default:
		msg_put(msg, type, &value, sizeof(value));
		break;
	}
}

/* Find the attribute at an offset of a message, also within nested ones. */
static const struct spec_attr *attr_at(struct nlattr *first, int len, const char *where,
				       const struct spec_set *set)
{
	struct nlattr *nla;
	int rest;

	nla_for_each_attr(nla, first, len, rest) {
		unsigned int type = (unsigned int)nla_type(nla);
		const struct spec_attr *attr;

		if (where < (const char *)nla ||
		    where >= (const char *)nla + nla_total_size(nla_len(nla)))
			continue;
		if (type > set->max || !set->attrs[type].name)
			return NULL;
		attr = &set->attrs[type];
		if (where > (const char *)nla && attr->nested)
			return attr_at(nla_data(nla), nla_len(nla), where, attr->nested);
		return attr;
	}
	return NULL;
}

void extack_read(const struct nlmsghdr *answer, struct nlmsghdr *request,
		 const struct spec_set *set, struct extack *out)
{
	const struct nlmsgerr *err = NLMSG_DATA(answer);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*err);

	memset(out, 0, sizeof(*out));
	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    answer->nlmsg_len < NLMSG_LENGTH(sizeof(*err)))
		return;
	/* Unless it is capped, an error message repeats the request before its own attributes. */
	if (!(answer->nlmsg_flags & NLM_F_CAPPED) && err->msg.nlmsg_len >= NLMSG_HDRLEN)
		skip += NLMSG_ALIGN(err->msg.nlmsg_len - NLMSG_HDRLEN);
	if (answer->nlmsg_len < NLMSG_LENGTH(skip))
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((const char *)err + skip),
		      (int)(answer->nlmsg_len - NLMSG_LENGTH(skip)), NULL) < 0)
		return;

	if (tb[NLMSGERR_ATTR_MSG] && nla_len(tb[NLMSGERR_ATTR_MSG]) > 0 &&
	    memchr(nla_data(tb[NLMSGERR_ATTR_MSG]), 0, (size_t)nla_len(tb[NLMSGERR_ATTR_MSG])))
		out->msg = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
	if (!set)
		return;
	if (tb[NLMSGERR_ATTR_OFFS] && nla_len(tb[NLMSGERR_ATTR_OFFS]) >= 4)
		out->attr = attr_at(genlmsg_attrdata(genlmsg_hdr(request), 0),
				    genlmsg_attrlen(genlmsg_hdr(request), 0),
				    (const char *)request + nla_get_u32(tb[NLMSGERR_ATTR_OFFS]),
				    set);
	if (!out->attr && tb[NLMSGERR_ATTR_MISS_TYPE] &&
	    nla_len(tb[NLMSGERR_ATTR_MISS_TYPE]) >= 4) {
		u32 type = nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]);

		if (type <= set->max && set->attrs[type].name) {
			out->attr = &set->attrs[type];
			out->missing = true;
		}
	}
}

void extack_words(const struct extack *ack, int error, struct why *why)
{
	const char *msg = ack->msg ? ack->msg : strerror(error);
	char range[64] = "";

	if (error == EPERM && !ack->msg) {
		why_not(why, "this needs root (CAP_NET_ADMIN)");
		return;
	}
	/* Put the name of the attribute before the sentence, unless the sentence has it already. */
	if (!ack->attr || strstr(msg, ack->attr->name)) {
		why_not(why, "%s", msg);
		return;
	}
	if (ack->attr->form == SPEC_PLAIN && ack->attr->kind <= SPEC_U64 && error == ERANGE)
		snprintf(range, sizeof(range), ": %llu to %llu is allowed",
			 ack->attr->min, ack->attr->max);
	why_not(why, "%s (%s%s%s)", msg, ack->attr->name, ack->missing ? " is missing" : "",
		range);
}
