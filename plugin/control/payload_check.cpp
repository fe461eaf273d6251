#include "plugin/control/payload_check.hpp"

#include "plugin/log.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <optional>

namespace two_path::control {
namespace {

/// Whoever tampers with the second path can have devices complain without end.
constexpr std::chrono::milliseconds least_often{std::chrono::hours{1}};

/// One payload of a release on its way through the thread for files. Each step is a piece of work of its own:
/// what HTTPS sends and receives is read and written on that thread, too.
class Search : public std::enable_shared_from_this<Search> {
  public:
    Search(boost::asio::any_io_executor files, std::shared_ptr<const std::atomic<bool>> stopping,
           std::string release, std::string payload)
      : files_(std::move(files))
      , stopping_(std::move(stopping))
      , release_(std::move(release))
      , payload_(std::move(payload)) {}

    void begin(const catalog::Payloads& payloads) {
        auto opened = payloads.search_damage(payload_);
        if (!opened) return give_up(opened.error());
        search_.emplace(std::move(*opened));
        go_on();
    }

  private:
    void go_on() {
        if (*stopping_) return;
        const auto damaged = search_->go_on();
        if (!damaged) return give_up(damaged.error());
        if (!*damaged) {
            boost::asio::post(files_, [self = shared_from_this()] { self->go_on(); });
            return;
        }
        if (!**damaged) return;
        log(Level::error, "this disk has changed payload " + payload_ + " of release " + release_ +
                              ": it is put aside as " + payload_ +
                              ".damaged; look at the disk, and publish the release's files again");
    }

    void give_up(const Error& error) const {
        log(Level::warning,
            "whether a payload of release " + release_ + " is damaged cannot be told: " + error.message());
    }

    boost::asio::any_io_executor files_;
    std::shared_ptr<const std::atomic<bool>> stopping_;
    std::string release_;
    std::string payload_;
    std::optional<catalog::DamageSearch> search_;
};

} // namespace

PayloadCheck::PayloadCheck(Executors executors, state::Store& store, const catalog::Payloads& payloads)
  : executors_(std::move(executors))
  , store_(store)
  , payloads_(payloads) {}

void PayloadCheck::suspect(const std::string& release) {
    const auto found = store_.release(release);
    if (!found) return;
    const auto now = store_.clock().steady();
    std::erase_if(checked_, [&](const auto& one) { return now - one.second >= least_often.count(); });
    for (const auto& file : found->descriptor.files) {
        if (file.empty() || !checked_.try_emplace(file.id, now).second) continue;
        auto search = std::make_shared<Search>(executors_.files, stopping_, release, file.id);
        boost::asio::post(executors_.files, [&payloads = payloads_, search] { search->begin(payloads); });
    }
}

void PayloadCheck::stop() {
    *stopping_ = true;
}

} // namespace two_path::control
