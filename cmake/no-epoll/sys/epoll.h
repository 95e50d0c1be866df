// Stands before the system's header of this name in the preset 'stub', as on a host that has none.
#error "there is no <sys/epoll.h> here"
