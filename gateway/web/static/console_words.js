// What the console says, in both languages; Chinese first.

/** @type {Record<string, [string, string]>} */
const WORDS = {
  console: ["运维台", "Technician's console"],
  other_language: ["English", "中文"],
  sign_out: ["退出", "Sign out"],
  token: ["访问令牌", "Access token"],
  token_hint: [
    "在网关的电脑上运行：hallkit token list",
    "On the gateway's computer run: hallkit token list",
  ],
  sign_in: ["登录", "Sign in"],
  role_needed: [
    "此令牌的权限是“{role}”，运维台需要 technician、admin 或 chief。",
    "This token's role is “{role}”; the console needs technician, admin or chief.",
  ],
  reads_only: ["只读：操作需要 technician 或 admin", "Reading only: actions need technician or admin"],
  loading: ["正在读取节点…", "Reading the nodes…"],
  cut: [
    "网关没有回应：下面是 {time} 的情况，正在重连…",
    "The gateway does not answer: this is how it was at {time}. Reconnecting…",
  ],
  fresh: ["实时", "Live"],
  nodes: ["节点", "Nodes"],
  filter_all: ["全部", "All"],
  filter_problem: ["需处理", "To do"],
  filter_lost: ["失联", "Lost"],
  filter_stale: ["画面过时", "Stale"],
  filter_never: ["从未上线", "Never seen"],
  filter_fault: ["有故障", "Faults"],
  filter_outdated: ["可更新", "Outdated"],
  search: ["查找节点", "Find a node"],
  nothing_found: ["没有符合的节点", "No node matches"],
  all_well: ["全部正常", "All is well"],
  window: ["{label} 号窗口", "Window {label}"],
  hall_devices: ["大厅设备", "Hall devices"],
  kind_pad: ["叫号器", "Call pad"],
  kind_sign: ["窗口屏", "Sign"],
  kind_lamp: ["超时灯", "Lamp"],
  kind_rating: ["评价器", "Rating pad"],
  kind_ticket: ["取号机", "Kiosk"],
  kind_wall: ["叫号大屏", "LED wall"],
  kind_voice: ["语音播报", "Voice"],
  state_online: ["在线", "Online"],
  state_lost: ["失联", "Lost"],
  state_off: ["已关机", "Off"],
  state_stale: ["画面过时", "Stale"],
  state_never: ["从未上线", "Never seen"],
  release: ["发布版", "Release"],
  no_release: ["不是发布版", "Not from a release"],
  newest: ["最新", "newest"],
  running: ["正在运行", "running"],
  outdated: ["可更新到 {release}", "{release} is newer"],
  trial: ["试运行", "On trial"],
  uptime: ["已运行", "Up for"],
  outbox: ["发件箱", "Outbox"],
  outbox_empty: ["空", "empty"],
  signal: ["信号", "Signal"],
  no_radio: ["无线信号不适用", "No radio"],
  fault_last: ["上次故障", "Last fault"],
  no_fault: ["无", "None"],
  faults_in_a_row: ["连续 {count} 次", "{count} in a row"],
  firmware: ["固件", "Firmware"],
  slot: ["槽位", "Slot"],
  board: ["板卡", "Board"],
  boot: ["启动序号", "Start no."],
  last_seen: ["最近听到", "Last heard"],
  heap: ["空闲内存", "Free memory"],
  shown: ["画面 显示 / 期望", "Picture shown / wanted"],
  reports: ["上报 / 重复 / 不可读", "Reports / repeats / unreadable"],
  ago: ["{time}前", "{time} ago"],
  not_yet: ["尚未收到", "Not told yet"],
  next_step: ["下一步", "Next step"],
  copy: ["复制", "Copy"],
  copied: ["已复制", "Copied"],
  back: ["返回", "Back"],
  close: ["关闭", "Close"],
  identify: ["找到它", "Identify"],
  identify_hint: ["让它亮灯、鸣响、显示编号 10 秒", "It lights, beeps and shows its number for 10 s"],
  identifying: ["它正在示意：{left} 秒", "Showing itself: {left} s"],
  update: ["更新", "Update"],
  update_to: ["更新到", "Update to"],
  no_releases: [
    "网关里没有发布版；用 hallkit release build 制作",
    "The gateway has no releases; make one with hallkit release build",
  ],
  not_over_the_air: ["树莓派节点在其上更新软件包", "A Raspberry Pi is updated on itself"],
  update_offered: ["已下达，等待节点接收", "Ordered; waiting for the node"],
  update_fetching: ["正在下载", "Downloading"],
  update_ready: ["已下载，等待空闲时重启", "Downloaded; restarts when idle"],
  update_trial: ["新发布版试运行中", "New release on trial"],
  update_confirmed: ["已完成", "Done"],
  update_refused: ["节点拒绝更新", "The node refuses"],
  update_returned: ["已回退到旧发布版", "Went back to the old release"],
  why: ["原因", "Why"],
  update_all: ["全部更新到 {release}（{count}）", "Update all {count} to {release}"],
  update_all_sure: [
    "将 {count} 个节点更新到发布版 {release}？每个节点在空闲时重启一次，叫号不中断。",
    "Update {count} nodes to release {release}? Each restarts once, when it is idle.",
  ],
  yes_update: ["更新", "Update"],
  cancel: ["取消", "Cancel"],
  not_done: ["没有执行：", "Not done: "],
  ordered_all: ["已下达 {done} 个；{failed} 个没有执行", "{done} ordered; {failed} not done"],
  log: ["节点日志", "Log"],
  log_empty: ["还没有消息", "Nothing yet"],
  log_live: ["实时", "live"],
  log_cut: ["已断开，正在重连", "cut off, reconnecting"],
  level_info: ["消息", "info"],
  level_warning: ["警告", "warning"],
  level_error: ["错误", "error"],
  wiring: ["接线", "Wiring"],
  wiring_none: ["这块板卡没有接线资料", "There is no wiring for this board"],
  pin: ["引脚", "Pin"],
  wire: ["信号", "Signal"],
  part: ["部件", "Part"],
  goes_to: ["接到", "Goes to"],
  supply: ["供电", "Supply"],
  picture_of: ["{board} 的引脚图", "Pin-out of {board}"],
  part_keys: ["按键", "keys"],
  part_key_matrix: ["按键矩阵", "key matrix"],
  part_tm1637: ["数码管", "display"],
  part_max7219: ["点阵屏", "LED chain"],
  part_pixel_light: ["指示灯", "light"],
  part_rgb_light: ["指示灯", "light"],
  part_pixel_lamp: ["灯环", "ring"],
  part_relays: ["继电器", "relays"],
  part_beeper: ["蜂鸣器", "beeper"],
  part_face_leds: ["表情灯", "face LEDs"],
  part_network: ["网口", "network"],
  day: ["{n} 天", "{n} d"],
  hour: ["{n} 小时", "{n} h"],
  minute: ["{n} 分", "{n} min"],
  second: ["{n} 秒", "{n} s"],
};

const KEPT = "hallkit-language";

let language = "zh";

/** The language asked for in the address, else remembered, else the page's own. */
export function firstLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    kept = null; // a browser that keeps nothing: the page's own language
  }
  const wanted = asked || kept || (document.documentElement.lang === "en" ? "en" : "zh");
  return wanted === "en" ? "en" : "zh";
}

export function setLanguage(next) {
  language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // asks again next time
  }
}

export const currentLanguage = () => language;

/** One text with its values put in. */
export function t(key, values = {}) {
  const pair = WORDS[key];
  if (!pair) throw new Error(`no words for ${key}`);
  const text = pair[language === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

export const has = (key) => key in WORDS;

/** The right one of a Chinese and an English text. */
export const either = (zh, en) => (language === "zh" ? zh : en);

/** A span of time in its largest unit, two of them below a day. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t("second", { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("minute", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60 && hours < 10 ? ` ${t("minute", { n: minutes % 60 })}` : "";
    return t("hour", { n: hours }) + rest;
  }
  return t("day", { n: Math.floor(hours / 24) });
}

/** "4 min ago". */
export const ago = (ms) => t("ago", { time: span(ms) });

export const kilobytes = (bytes) => `${Math.round(bytes / 1024)} KB`;
