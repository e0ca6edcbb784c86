/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The common part of the operations of srvsvc: lists of information structures, in parts that the
 * client asks for one after the other (MS-SRVS section 3.1.4).
 */
#ifndef _DITTOD_SRVSVC_H
#define _DITTOD_SRVSVC_H

#include "rpc.h"

struct srvsvc_share;

/* MS-ERREF section 2.2, MS-SRVS section 2.2.2.10. */
#define ERROR_SUCCESS			0
#define ERROR_ACCESS_DENIED		5
#define ERROR_NOT_ENOUGH_MEMORY		8
#define ERROR_GEN_FAILURE		31
#define ERROR_NOT_SUPPORTED		50
#define ERROR_INVALID_PARAMETER		87
#define ERROR_INVALID_NAME		123
#define ERROR_INVALID_LEVEL		124
#define ERROR_MORE_DATA			234
#define ERROR_INVALID_SECURITY_DESCR	1338
#define NERR_UNKNOWN_DEV_DIR		2116
#define NERR_DUPLICATE_SHARE		2118
#define NERR_USER_NOT_FOUND		2221
#define NERR_NET_NAME_NOT_FOUND		2310
#define NERR_DEVICE_NOT_SHARED		2311
#define NERR_CLIENT_NAME_NOT_FOUND	2312
#define NERR_FILE_ID_NOT_FOUND		2314

/**
 * struct srvsvc_args - parameters of all operations
 * @server: name of the server, which is not used
 * @name: a share, a client, a path or a device
 * @user: name of a user
 * @comment: description of the machine
 * @id: number of an open
 * @level: number of the information structure
 * @list_level: the same again
 * @request: the list of the request, which is empty
 * @wanted_len: bytes that the client prefers at most
 * @resume: how far the client is, if it remembers that
 * @list: the items
 * @total: number of items from @resume on
 * @info: one item
 * @type: type of a share
 * @time: the time
 * @change: a share as the client wants it
 * @bad_parameter: number of the parameter that is not valid, if the client asks for it
 * @handle: handle of a share that is to be removed
 */
struct srvsvc_args {
	const char *server;
	const char *name;
	const char *user;
	const char *comment;
	u32 id;
	u32 level;
	u32 list_level;
	u32 **request;
	u32 wanted_len;
	u32 *resume;
	struct ndr_array *list;
	u32 total;
	struct ndr_any *info;
	u32 type;
	void *time;
	struct srvsvc_share *change;
	u32 *bad_parameter;
	u8 handle[RPC_HANDLE_SIZE];
};

#define SRVSVC_AT(kind, name, ...)	NDR_AT(kind, struct srvsvc_args, name, ##__VA_ARGS__)
#define SERVER_NAME			SRVSVC_AT(TEXT, server)
/* What the structures that MS-SRVS calls ..._ENUM_STRUCT (2.2.4.37 to 2.2.4.41) are between. */
#define LIST_IN \
	SRVSVC_AT(U32, level), SRVSVC_AT(U32, list_level), \
	SRVSVC_AT(POINTER, request, .of = &srvsvc_request), \
	SRVSVC_AT(U32, wanted_len), SRVSVC_AT(POINTER, resume, .of = &ndr_of_number)
#define LIST_OUT \
	NDR_FIELDS(SRVSVC_AT(U32, level), SRVSVC_AT(U32, list_level), \
		   SRVSVC_AT(POINTER, list, .of = &srvsvc_list), \
		   SRVSVC_AT(U32, total), SRVSVC_AT(POINTER, resume, .of = &ndr_of_number))
#define INFO_OUT \
	NDR_FIELDS(SRVSVC_AT(U32, level), SRVSVC_AT(POINTER, info, .of = &ndr_of_any))

extern const struct ndr_struct srvsvc_request;
extern const struct ndr_struct srvsvc_list;

/**
 * struct srvsvc_level - an information structure
 * @level: its number
 * @flags: for the operations that use it
 * @of: its members
 */
struct srvsvc_level {
	u32 level;
	unsigned int flags;
	struct ndr_struct of;
};

/* Find a level among @n. NULL if there is none. */
const struct srvsvc_level *srvsvc_level_find(const struct srvsvc_level *levels, size_t n,
					     u32 number);
/*
 * Fill the results of a call for a list: as many of @n items as fit, at least one. @level is NULL
 * if it is not valid; without success, @result is the error. Returns the result.
 */
u32 srvsvc_list_fill(struct rpc_call *call, struct srvsvc_args *args,
		     const struct srvsvc_level *level, void *items, u32 n, u32 result);
/* Fill the results of a call for one item. */
void srvsvc_info_fill(struct rpc_call *call, struct srvsvc_args *args,
		      const struct ndr_struct *of, const void *item);
/* The error of a reply for the errno of a source of information. */
u32 srvsvc_error(int rc);
/* Convert "/srv/data" and a path below it to "C:\srv\data\...": clients want a drive. */
char *srvsvc_path(struct rpc_call *call, const char *base, const char *inner);

/* Operations that change shares. */
u32 srvsvc_share_add(struct rpc_call *call, void *data);
u32 srvsvc_share_set_info(struct rpc_call *call, void *data);
u32 srvsvc_share_del(struct rpc_call *call, void *data);
u32 srvsvc_share_del_start(struct rpc_call *call, void *data);
u32 srvsvc_share_del_commit(struct rpc_call *call, void *data);

/* Operations about sessions, opens and connections to shares. */
u32 srvsvc_connection_enum(struct rpc_call *call, void *data);
u32 srvsvc_file_enum(struct rpc_call *call, void *data);
u32 srvsvc_file_get_info(struct rpc_call *call, void *data);
u32 srvsvc_file_close(struct rpc_call *call, void *data);
u32 srvsvc_session_enum(struct rpc_call *call, void *data);
u32 srvsvc_session_del(struct rpc_call *call, void *data);

#endif
