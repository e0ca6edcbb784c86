/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The common part of the operations of srvsvc: lists of information structures, in parts that the
 * client asks for one after the other (MS-SRVS section 3.1.4).
 */
#ifndef _DITTOD_SRVSVC_H
#define _DITTOD_SRVSVC_H

#include "rpc.h"

/* MS-ERREF section 2.2, MS-SRVS section 2.2.2.10. */
#define ERROR_SUCCESS			0
#define ERROR_ACCESS_DENIED		5
#define ERROR_GEN_FAILURE		31
#define ERROR_INVALID_PARAMETER		87
#define ERROR_INVALID_LEVEL		124
#define ERROR_MORE_DATA			234
#define NERR_USER_NOT_FOUND		2221
#define NERR_NET_NAME_NOT_FOUND		2310
#define NERR_DEVICE_NOT_SHARED		2311
#define NERR_CLIENT_NAME_NOT_FOUND	2312
#define NERR_FILE_ID_NOT_FOUND		2314

/* Longest names in parameters, including the NUL. */
#define SRVSVC_NAME_SIZE		1024
/* Most members of a structure. */
#define SRVSVC_MEMBERS_MAX		12

/**
 * struct srvsvc_value - value of a member
 * @pointer: a string or NULL, rather than a number
 * @text: the string; NULL for a NULL pointer
 * @number: the number
 */
struct srvsvc_value {
	bool pointer;
	const char *text;
	u32 number;
};

/**
 * struct srvsvc_level - an information structure
 * @level: its number
 * @flags: for the operations that use it
 * @member: members in order, up to 0
 */
struct srvsvc_level {
	u32 level;
	unsigned int flags;
	u8 member[SRVSVC_MEMBERS_MAX];
};

/**
 * struct srvsvc_items - what is listed
 * @items: the items
 * @size: bytes of an item
 * @n: number of entries in @items
 * @value: fills a zeroed @out with the value of a member of an item
 */
struct srvsvc_items {
	const void *items;
	size_t size;
	u32 n;
	void (*value)(const void *item, u8 member, struct srvsvc_value *out);
};

/**
 * struct srvsvc_part - which part of a list a client asks for
 * @level: number of the information structure
 * @wanted_len: bytes that the client prefers at most
 * @resume: the client remembers how far it is
 * @first: index of the first item
 */
struct srvsvc_part {
	u32 level;
	u32 wanted_len;
	bool resume;
	u32 first;
};

/* Find a level among @n. NULL if there is none. */
const struct srvsvc_level *srvsvc_level_find(const struct srvsvc_level *levels, size_t n,
					     u32 number);
/* Read the parameters that end the call for a list. Returns 0 or a fault code. */
u32 srvsvc_part_get(struct ndr_in *in, struct srvsvc_part *part);
/*
 * Write the results of such a call: as many items as fit, at least one. @level is NULL if it is not
 * valid; without success, @result is the error and @items are not looked at. Returns 0.
 */
u32 srvsvc_part_put(struct rpc_call *call, const struct srvsvc_part *part,
		    const struct srvsvc_level *level, const struct srvsvc_items *items, u32 result);
/* Write one structure, or NULL for no item, behind the number of its level. */
void srvsvc_item_put(struct ndr_out *out, u32 number, const struct srvsvc_level *level,
		     const struct srvsvc_items *items, const void *item);
/* The error for that of a source of information. */
u32 srvsvc_error(int rc);

/* Operations about sessions, opens and connections to shares. */
u32 srvsvc_connection_enum(struct rpc_call *call);
u32 srvsvc_file_enum(struct rpc_call *call);
u32 srvsvc_file_get_info(struct rpc_call *call);
u32 srvsvc_file_close(struct rpc_call *call);
u32 srvsvc_session_enum(struct rpc_call *call);
u32 srvsvc_session_del(struct rpc_call *call);

#endif
