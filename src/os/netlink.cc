#include "os/netlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <sstream>

#include "base/crash_point.h"
#include "os/file.h"

namespace stint::os {
namespace {

constexpr size_t kRouteTableBytesMax = 4 << 20;

// Locally administered, the same for the same name.
std::array<uint8_t, 6> stable_hardware_address(const std::string& name) {
  const uint64_t hash = std::hash<std::string>{}(name);
  std::array<uint8_t, 6> address{};
  std::memcpy(address.data(), &hash, address.size());
  address[0] = static_cast<uint8_t>((address[0] & 0xfc) | 0x02);
  return address;
}

uint32_t mask_of(int prefix_length) { return prefix_length == 0 ? 0 : ~uint32_t{0} << (32 - prefix_length); }

}  // namespace

// One rtnetlink message, built up attribute by attribute, and its acknowledgement.
class RouteRequest {
 public:
  template <class Header>
  RouteRequest(uint16_t type, uint16_t flags, const Header& header) {
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&message, sizeof message);
    append(&header, sizeof header);
  }

  RouteRequest& add(uint16_t type, const void* data, size_t size) {
    const rtattr head{static_cast<uint16_t>(RTA_LENGTH(size)), type};
    append(&head, sizeof head);
    append(data, size);
    return *this;
  }
  RouteRequest& add(uint16_t type, const std::string& text) { return add(type, text.c_str(), text.size() + 1); }
  RouteRequest& add(uint16_t type, uint32_t value) { return add(type, &value, sizeof value); }

  // Attributes added until end() lie inside it; `begin` is what the call returned.
  size_t begin(uint16_t type) {
    const size_t at = bytes_.size();
    add(type, nullptr, 0);
    return at;
  }
  void end(size_t begin) {
    const auto length = static_cast<uint16_t>(bytes_.size() - begin);
    std::memcpy(bytes_.data() + begin, &length, sizeof length);
  }
  template <class Header>
  void append_header(const Header& header) {
    append(&header, sizeof header);
  }

  // The kernel's errno, 0 for success; the answer's payload for requests of one object.
  Result<int> send(RouteSocket& socket, std::string* answer = nullptr) {
    const auto length = static_cast<uint32_t>(bytes_.size());
    const uint32_t sequence = ++socket.sequence_;
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    if (::send(socket.socket_.get(), bytes_.data(), bytes_.size(), 0) < 0) return fail(errno_error("netlink send", errno));
    return receive(socket, sequence, answer);
  }

 private:
  static Result<int> receive(RouteSocket& socket, uint32_t sequence, std::string* answer) {
    alignas(nlmsghdr) char buffer[32768];
    for (;;) {
      const ssize_t count = recv(socket.socket_.get(), buffer, sizeof buffer, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(errno_error("netlink receive", errno));
      auto left = static_cast<unsigned>(count);
      for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_seq != sequence) continue;
        if (message->nlmsg_type == NLMSG_ERROR) return -reinterpret_cast<nlmsgerr*>(NLMSG_DATA(message))->error;
        if (answer != nullptr) answer->assign(static_cast<char*>(NLMSG_DATA(message)), message->nlmsg_len - NLMSG_HDRLEN);
      }
    }
  }

  void append(const void* data, size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(data), size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  std::string bytes_;
};

namespace {

// Success, or one of the errnos that mean "it is so already".
Result<void> expect(Result<int> code, const std::string& what, int also_fine = 0) {
  if (!code) return std::unexpected(std::move(code).error());
  if (*code == 0) crash_point("did", what);
  if (*code == 0 || *code == also_fine) return {};
  return fail(errno_error(what, *code));
}

}  // namespace

bool Ipv4Subnet::overlaps(const Ipv4Subnet& other) const {
  const uint32_t mask = mask_of(std::min(prefix_length, other.prefix_length));
  return (base & mask) == (other.base & mask);
}

std::string Ipv4Subnet::to_string() const { return ipv4_text(base) + "/" + std::to_string(prefix_length); }

std::string ipv4_text(uint32_t address) {
  const in_addr raw{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &raw, text, sizeof text);
}

Result<uint32_t> parse_ipv4(const std::string& text) {
  in_addr raw{};
  if (inet_pton(AF_INET, text.c_str(), &raw) != 1) return fail(Reason::kInvalid, "\"" + text + "\" is no IPv4 address");
  return ntohl(raw.s_addr);
}

Result<RouteSocket> RouteSocket::open() {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(errno_error("netlink socket", errno));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return fail(errno_error("netlink bind", errno));
  return RouteSocket(std::move(socket));
}

Result<int> RouteSocket::link_index(const std::string& name) {
  RouteRequest request(RTM_GETLINK, 0, ifinfomsg{.ifi_family = AF_UNSPEC});
  request.add(IFLA_IFNAME, name);
  std::string answer;
  TRY(const int code, request.send(*this, &answer));
  if (code == ENODEV) return fail(Reason::kNotFound, "no link " + name);
  if (code != 0) return fail(errno_error("look up link " + name, code));
  ifinfomsg info{};
  if (answer.size() < sizeof info) return fail(Reason::kInternalError, "look up link " + name + ": short answer");
  std::memcpy(&info, answer.data(), sizeof info);
  return info.ifi_index;
}

Result<void> RouteSocket::create_bridge(const std::string& name) {
  RouteRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{.ifi_family = AF_UNSPEC});
  request.add(IFLA_IFNAME, name);
  const size_t info = request.begin(IFLA_LINKINFO);
  request.add(IFLA_INFO_KIND, std::string("bridge"));
  request.end(info);
  // A bridge without a hardware address of its own takes the lowest of its ports', and changes it as they come and go: neighbours would
  // lose it.
  const std::array<uint8_t, 6> address = stable_hardware_address(name);
  request.add(IFLA_ADDRESS, address.data(), address.size());
  return expect(request.send(*this), "create bridge " + name, EEXIST);
}

Result<void> RouteSocket::set_up(int link) {
  RouteRequest request(RTM_NEWLINK, 0, ifinfomsg{.ifi_family = AF_UNSPEC, .ifi_index = link, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
  return expect(request.send(*this), "set link up");
}

Result<void> RouteSocket::add_address(int link, uint32_t address, int prefix_length) {
  RouteRequest request(
      RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
      ifaddrmsg{.ifa_family = AF_INET, .ifa_prefixlen = static_cast<uint8_t>(prefix_length), .ifa_index = static_cast<uint32_t>(link)});
  request.add(IFA_LOCAL, htonl(address)).add(IFA_ADDRESS, htonl(address)).add(IFA_BROADCAST, htonl(address | ~mask_of(prefix_length)));
  return expect(request.send(*this), "add address " + ipv4_text(address), EEXIST);
}

Result<void> RouteSocket::add_default_route(uint32_t gateway) {
  RouteRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
                       rtmsg{.rtm_family = AF_INET,
                             .rtm_table = RT_TABLE_MAIN,
                             .rtm_protocol = RTPROT_BOOT,
                             .rtm_scope = RT_SCOPE_UNIVERSE,
                             .rtm_type = RTN_UNICAST});
  request.add(RTA_GATEWAY, htonl(gateway));
  return expect(request.send(*this), "add default route", EEXIST);
}

Result<void> RouteSocket::delete_link(const std::string& name) {
  RouteRequest request(RTM_DELLINK, 0, ifinfomsg{.ifi_family = AF_UNSPEC});
  request.add(IFLA_IFNAME, name);
  return expect(request.send(*this), "delete link " + name, ENODEV);
}

Result<void> RouteSocket::create_veth(const std::string& name, int bridge_link, const std::string& peer_name, int peer_namespace_fd) {
  RouteRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                       ifinfomsg{.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
  request.add(IFLA_IFNAME, name);
  const size_t info = request.begin(IFLA_LINKINFO);
  request.add(IFLA_INFO_KIND, std::string("veth"));
  const size_t data = request.begin(IFLA_INFO_DATA);
  const size_t peer = request.begin(VETH_INFO_PEER);
  request.append_header(ifinfomsg{.ifi_family = AF_UNSPEC});
  request.add(IFLA_IFNAME, peer_name).add(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_namespace_fd));
  request.end(peer);
  request.end(data);
  request.end(info);
  request.add(IFLA_MASTER, static_cast<uint32_t>(bridge_link));
  return expect(request.send(*this), "create veth " + name);
}

Result<std::vector<std::string>> links_with_prefix(const std::string& prefix) {
  TRY(std::vector<std::string> names, list_directory("/sys/class/net"));
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

Result<std::vector<Ipv4Subnet>> routed_subnets(const std::string& except_link) {
  TRY(const std::string table, read_file("/proc/net/route", kRouteTableBytesMax));
  std::vector<Ipv4Subnet> subnets;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);  // the headings
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string link, unused;
    uint32_t destination = 0, mask = 0;
    fields >> link >> std::hex >> destination >> unused >> unused >> unused >> unused >> unused >> mask;
    if (fields && mask != 0 && link != except_link) subnets.push_back({ntohl(destination), std::popcount(mask)});
  }
  return subnets;
}

Result<Ipv4Subnet> subnet_with(uint32_t own_address) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return fail(errno_error("list the addresses of this machine", errno));
  Result<Ipv4Subnet> found = fail(Reason::kNotFound, "no link has the address " + ipv4_text(own_address));
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_netmask == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if (ntohl(reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr.s_addr) != own_address) continue;
    const uint32_t mask = ntohl(reinterpret_cast<const sockaddr_in*>(each->ifa_netmask)->sin_addr.s_addr);
    found = Ipv4Subnet{own_address & mask, std::popcount(mask)};
  }
  freeifaddrs(all);
  return found;
}

}  // namespace stint::os
