/* A tiny stand-in for AWS on 127.0.0.1, for tests of the terminal: answers with words
 * that mean harm, or takes the call and never answers. */
#ifndef CT_PTY_SERVER_H
#define CT_PTY_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct pty_server;

struct pty_server *pty_server_start(bool silent); /* aborts when the machine refuses */
struct pty_server *pty_server_stop(struct pty_server *s);
uint16_t pty_server_port(const struct pty_server *s);
unsigned pty_server_calls(const struct pty_server *s);

#endif
