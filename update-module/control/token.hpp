/// Who gives the module its bearer token and the way to the plugin.
#pragma once

#include "protocol/encoding.hpp"
#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <string>

namespace two_path::control {

/// One exchange's bearer token and server URL. Both may change with each authentication; never kept.
struct Access {
    std::string token; ///< secret; wiped when destroyed
    std::string url;   ///< `http://127.0.0.1:PORT` of the client's forwarder, or a configured `https://...`

    Access() = default;
    Access(const Access&) = default;
    Access(Access&&) = default;
    Access& operator=(const Access&) = default;
    Access& operator=(Access&&) = default;
    ~Access() { wipe(token); }
};

/// Asked before each exchange. Fails with no_token; the detail says why the token is missing.
class TokenSource {
  public:
    virtual ~TokenSource() = default;
    /// The token as it is now; asks for a new one when there is none.
    virtual Result<Access> current(Deadline deadline) = 0;
    /// A token newer than `refused`, which the server answered with 401. No connection of ours may be open.
    virtual Result<Access> renewed(const Access& refused, Deadline deadline) = 0;
};

} // namespace two_path::control
