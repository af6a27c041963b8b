/*
 * The least that answers a vfio-user client: what a device in C could take for a register access at best. Reads give zeros,
 * writes are forgotten, a write to EICS signals the eventfd that SET_IRQS brought. One client, then it ends.
 *
 *   cc -O2 -o server bench/server.c && ./server PATH
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { VERSION = 1, SET_IRQS = 8, REGION_READ = 9, REGION_WRITE = 10 };
enum { REPLY = 1, NO_REPLY = 0x10, EICS = 0x1520 };

struct header {
  uint16_t id, command;
  uint32_t size, flags, error;
};

struct access {
  uint64_t offset;
  uint32_t region, count;
};

static char in[1 << 16], out[1 << 18];
static int event = -1;

/* Receives bytes, and takes a descriptor that comes with them. */
static ssize_t receive(int fd, char *at, size_t room) {
  char control[CMSG_SPACE(16 * sizeof(int))];
  struct iovec vector = {at, room};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t count = recvmsg(fd, &message, 0);
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (count > 0 && head != NULL && head->cmsg_type == SCM_RIGHTS) memcpy(&event, CMSG_DATA(head), sizeof event);
  return count;
}

/* Puts the reply to a request at `to`; its length, 0 where none is wanted. */
static size_t answer(const struct header *request, char *to) {
  struct header *reply = (struct header *)to;
  const struct access *access = (const struct access *)(request + 1);
  size_t size = sizeof *reply;
  *reply = *request;
  if (request->command == VERSION) {
    memcpy(to + size, "\0\0\0\0{}", 7);
    size += 7;
  } else if (request->command == REGION_READ || request->command == REGION_WRITE) {
    memcpy(to + size, access, sizeof *access);
    size += sizeof *access;
    if (request->command == REGION_READ) {
      memset(to + size, 0, access->count);
      size += access->count;
    } else if (access->offset == EICS && event != -1) {
      uint64_t one = 1;
      if (write(event, &one, sizeof one) != sizeof one) return 0;
    }
  }
  reply->size = size;
  reply->flags = REPLY;
  return (request->flags & NO_REPLY) != 0 ? 0 : size;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
  size_t have = 0;
  if (argc != 2) return 2;
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0) return 1;
  if ((fd = accept(listener, NULL, NULL)) < 0) return 1;
  for (ssize_t count; (count = receive(fd, in + have, sizeof in - have)) > 0;) {
    size_t at = 0, length = 0;
    have += count;
    while (have - at >= sizeof(struct header) && have - at >= ((struct header *)(in + at))->size) {
      length += answer((struct header *)(in + at), out + length);
      at += ((struct header *)(in + at))->size;
    }
    memmove(in, in + at, have -= at);
    for (size_t sent = 0; sent < length;) {
      ssize_t written = write(fd, out + sent, length - sent);
      if (written <= 0) return 1;
      sent += written;
    }
  }
  return 0;
}
