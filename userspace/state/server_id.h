/* SPDX-License-Identifier: GPL-2.0-only */
/* The id of this server, by which the owner of a prefix in a bucket is known. */
#ifndef _DITTOD_SERVER_ID_H
#define _DITTOD_SERVER_ID_H

/* Hexadecimal digits of an id, and the NUL. */
#define SERVER_ID_SIZE	33

/**
 * server_id_get - read the id, or make it at the first time
 * @path: file of the id
 * @id: filled
 *
 * Return: 0 or a negative errno.
 */
int server_id_get(const char *path, char id[SERVER_ID_SIZE]);

#endif
