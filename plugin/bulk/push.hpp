/// Push: goes to the devices that listen and brings them their files (docs/protocol.md, "Second path").
#pragma once

#include "plugin/bulk/pacing.hpp"
#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/push_rules.hpp"
#include "plugin/state/admission.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>

namespace two_path::bulk {

/// A delivery for each live certification of mode push: as long as that lives it is tried again, with growing
/// pauses while nothing gets through. Lives on the network executor; what it asks of the state runs on the
/// worker.
class Push {
  public:
    Push(Executors executors, state::Store& store, state::Admission& admission,
         const catalog::Payloads& payloads, Pacing& pacing, PushRules rules);
    ~Push();

    /// A certification is admitted; nothing happens for one of mode pull. On the worker.
    void live(const std::string& session);
    /// A certification died: its delivery ends at once. From any thread.
    void dead(const std::string& session);
    /// Cuts all deliveries and begins no more; completes when they have ended. The devices keep every whole
    /// block. On the network executor.
    awaitable<void> stop();

  private:
    struct Delivery;
    class Registration;

    void begin(const std::string& session);
    void ended(const std::string& session);
    awaitable<void> deliver(std::shared_ptr<Delivery> delivery);
    awaitable<std::string> attempt(std::shared_ptr<Delivery> delivery);
    awaitable<void> remark(std::shared_ptr<Delivery> delivery, std::string why);
    awaitable<void> pause(std::shared_ptr<Delivery> delivery);

    Executors executors_;
    state::Store& store_;
    state::Admission& admission_;
    const catalog::Payloads& payloads_;
    Pacing& pacing_;
    PushRules rules_;
    std::map<std::string, std::shared_ptr<Delivery>> deliveries_; ///< by session
    bool stopping_{false};
    boost::asio::steady_timer all_ended_;
};

} // namespace two_path::bulk
