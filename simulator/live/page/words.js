/** The page's words in both languages; what the devices show comes from the devices. */

/** @typedef {"zh" | "en"} Language */

/** @type {Record<string, [string, string]>} */
const WORDS = {
  by_hand: ["手动", "By hand"],
  plays_itself: ["自动一天", "Auto day"],
  speed: ["速度", "Speed"],
  pause_day: ["暂停", "Pause"],
  go_on: ["继续", "Go on"],
  sound_on: ["打开声音", "Sound on"],
  sound_off: ["声音已开", "Sound is on"],
  other_language: ["EN", "中文"],
  console: ["运维台", "Console"],
  console_long: [
    "网关的运维台：每个节点的情况、日志、接线",
    "The gateway's console: how every node is, its log, its wiring",
  ],
  hall_time: ["大厅时间", "Hall time"],
  day_before: ["准备开门", "Opening"],
  day_open: ["营业中", "Open"],
  day_break: ["午间轮休", "Lunch shifts"],
  day_closing: ["停止取号，办完为止", "Last tickets"],
  day_over: ["今日结束", "Day is over"],
  again: ["再来一天", "Another day"],
  arrived: ["已到人数", "Arrived"],
  hint_touch: ["在取号机上点一项业务", "Touch a service"],
  hint_sign_in: ["在任一窗口点“签到”", "Sign in at a window"],
  hint_next: ["按绿色“叫号”键", "Press the green NEXT"],
  hint_close: ["知道了", "Got it"],
  welcome: ["三步体验", "Try it"],
  kiosk: ["取号机", "Ticket kiosk"],
  choose: ["请选择业务", "Choose a service"],
  people_waiting: ["人等候", "waiting"],
  nobody_waiting: ["无需等候", "no wait"],
  kiosk_asking: ["正在取号…", "One moment…"],
  kiosk_printing: ["正在打印", "Printing"],
  kiosk_printed: ["请取票", "Take your ticket"],
  kiosk_paper_out: ["打印机缺纸或未就绪", "Out of paper or not ready"],
  kiosk_ask_staff: ["工作人员正在处理，请稍候", "Staff are on their way"],
  kiosk_offline: ["暂停取号", "No tickets just now"],
  kiosk_offline_more: ["取号机已离线，请到咨询台", "The kiosk is offline, please ask at the desk"],
  kiosk_reserve: ["网络中断，仍可取号，位置有效", "Offline: your number still counts"],
  kiosk_reserve_count: ["备用号", "reserve number"],
  kiosk_closed: ["现在不取号", "Closed"],
  kiosk_identify: ["我在这里", "Here I am"],
  kiosk_refused: ["没有取到号，请再试一次", "That did not work, please try again"],
  slot: ["出票口", "Tickets"],
  no_ticket: ["票会从这里出来", "Your ticket comes out here"],
  enlarge: ["放大车票", "Enlarge the ticket"],
  close: ["关闭", "Close"],
  printed_bytes: ["由真实 ESC/POS 字节还原", "Decoded from the real ESC/POS bytes"],
  phone_page: ["打开二维码里的手机页", "Open the phone page of the QR code"],
  reprint: ["补打", "Reprint"],
  paper: ["纸", "Paper"],
  wall: ["叫号大屏", "Calling wall"],
  announcement: ["语音播报", "Announcement"],
  quiet: ["大厅安静", "The hall is quiet"],
  speaking: ["正在播报", "Speaking"],
  last_call: ["上一条", "Last call"],
  in_line: ["待播", "to come"],
  windows: ["服务窗口", "Service windows"],
  window: ["窗口", "Window"],
  sign_in: ["签到", "Sign in"],
  signing_in: ["正在输入工号…", "Typing the number…"],
  nobody: ["未签到", "Empty"],
  offline: ["离线", "Offline"],
  cut: ["网线已拔", "Unplugged"],
  pull_cable: ["拔掉网线", "Pull the cable"],
  plug_cable: ["插回网线", "Plug it in"],
  mode_closed: ["关闭", "Closed"],
  mode_open: ["空闲", "Free"],
  mode_called: ["已叫号", "Called"],
  mode_serving: ["办理中", "Serving"],
  mode_paused: ["暂停", "On break"],
  key_next: ["叫号", "Next"],
  key_recall: ["重呼", "Again"],
  key_start: ["开始", "Start"],
  key_finish: ["办结", "Finish"],
  key_missed: ["过号", "Missed"],
  key_hold: ["挂起", "Hold"],
  key_transfer: ["转移", "Move"],
  key_pause: ["暂停", "Break"],
  key_help: ["求助", "Help"],
  light_off: ["未开通", "Off"],
  light_ready: ["可以叫号", "Ready"],
  light_call: ["等人到来", "Called"],
  light_busy: ["办理中", "Busy"],
  light_paused: ["暂停", "On break"],
  light_help: ["已求助", "Help asked"],
  light_sent: ["已发出", "Sent"],
  light_done: ["已确认", "Confirmed"],
  light_refused: ["被拒绝", "Refused"],
  light_stale: ["按晚了，未执行", "Too late"],
  light_offline: ["离线", "Offline"],
  light_identify: ["我在这里", "Here I am"],
  lamp: ["超时灯", "Overtime lamp"],
  rate: ["请评价", "Please rate"],
  thanks: ["谢谢评价", "Thank you"],
  face_1: ["非常不满意", "Very bad"],
  face_2: ["不满意", "Bad"],
  face_3: ["基本满意", "Fair"],
  face_4: ["满意", "Good"],
  face_5: ["非常满意", "Very good"],
  desk: ["值班台", "Duty desk"],
  issued: ["取号", "Tickets"],
  served: ["办结", "Served"],
  waiting: ["等候", "Waiting"],
  average_wait: ["平均等候", "Avg. wait"],
  average_rating: ["满意度", "Rating"],
  next_up: ["下一位", "Next up"],
  nobody_in_line: ["没有人等候", "nobody is waiting"],
  missed: ["过号", "Missed"],
  bring_back: ["回来了，重新排队", "Is back: queue again"],
  minutes: ["分", "min"],
  break_things: ["故障演练", "Break things"],
  break_hint: ["放心弄坏，看大厅自己恢复", "Go ahead: watch the hall heal"],
  fault_cable: ["拔网线", "Pull cable"],
  fault_cable_long: [
    "拔掉这个窗口叫号器的网线，谁也不通知",
    "Pull the cable of this window's pad; nobody is told",
  ],
  fault_cable_back: ["插回", "Plug in"],
  fault_broker: ["停消息", "Kill MQTT"],
  fault_broker_long: [
    "强行终止消息服务（MQTT），过一会儿再启动",
    "Kill the MQTT broker; it starts again later",
  ],
  fault_broker_down: ["秒后", "s to go"],
  fault_for: ["停多久", "For"],
  fault_paper: ["缺纸", "Paper out"],
  fault_paper_back: ["装纸", "New roll"],
  fault_paper_long: ["打印机的纸用完，或装上一卷新纸", "The printer's paper ends, or a new roll"],
  fault_cover: ["开盖", "Open lid"],
  fault_cover_back: ["合盖", "Close lid"],
  fault_cover_long: ["打开或合上打印机纸仓盖", "Open or close the printer's cover"],
  fault_gateway: ["杀网关", "kill -9"],
  fault_gateway_down: ["重启中", "Starting"],
  fault_gateway_long: ["对网关进程执行 kill -9", "kill -9 the gateway process"],
  log: ["大厅记事", "What happened"],
  log_empty: ["一切正常", "All is well"],
  stream_cut: [
    "与模拟器的连接断开：下面的数字是旧的，正在重连…",
    "Cut off from the simulator: what you see is old. Reconnecting…",
  ],
  gateway_cut: [
    "网关没有回应：值班台的数字是旧的",
    "The gateway is silent: the desk's numbers are old",
  ],
  seconds: ["秒", "s"],
  refused_request: ["没有执行：", "Not done: "],
};

/** @type {Language} */
let language = "zh";

/** @returns {Language} the language remembered from last time; Chinese at first */
export function rememberedLanguage() {
  try {
    return localStorage.getItem("hall-language") === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

/** @param {Language} next */
export function setLanguage(next) {
  if (language === next && document.documentElement.dataset.language === next) return;
  language = next;
  document.documentElement.dataset.language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem("hall-language", next);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/**
 * @param {string} key
 * @returns {string}
 */
export function t(key) {
  const pair = WORDS[key];
  if (!pair) throw new Error(`no words for ${key}`);
  return pair[language === "zh" ? 0 : 1];
}

/**
 * The right one of a Chinese and an English text.
 * @param {string} zh
 * @param {string} en
 */
export function either(zh, en) {
  return language === "zh" ? zh : en;
}
