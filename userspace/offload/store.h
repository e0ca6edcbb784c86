/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stores: where a bucket is, and how it is used.
 *
 * The settings of a store are lines "key=value":
 *
 *  endpoint     URL of the service, "https://s3.example.com:8080"; required
 *  bucket       name of the bucket; required
 *  region       for signatures; "us-east-1"
 *  prefix       put before all names of objects; none
 *  addressing   "path" (the default): the bucket is in the path; "host": in the host name
 *  access-key   required
 *  secret-key   required
 *  token        session token of temporary credentials; none
 *  key          32 bytes in hexadecimal: encrypt with it. May be repeated: the first key encrypts,
 *               all decrypt
 *  compression  "on" (the default) or "off"
 *  parallel     transfers at once, 1 to 64; 8
 *  timeout      seconds without any data after which an attempt is given up, and for which a
 *               failed request is repeated, 1 to 600; 30
 */
#ifndef _DITTO_OFFLOAD_STORE_H
#define _DITTO_OFFLOAD_STORE_H

#endif
