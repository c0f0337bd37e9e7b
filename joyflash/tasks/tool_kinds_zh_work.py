"""Chinese real tools for work, messages, files and shopping, in the text form that ``parse_tools`` reads."""

from __future__ import annotations

WORK_TOOLS = """
tool mail: send_email email fa_youjian send_mail mailer
about: [发送|发]一封电子邮件。
about: 发邮件
to = email ; to recipient shoujianren address ; 收件人[邮箱|]
body = text ; body text neirong message ; 邮件内容
order: 给{to}发[邮件|一封邮件|封信]，[内容是|说|写]{body}
order: 发邮件到{to}：{body}
order: 把{body}用邮件发给{to}
note: 邮件 {to}：{body}
note: 给{to}写信：{body}
gives: status = enum:sent,ok,queued
reply: 发给{to}的邮件状态：{status}。

tool mail: search_mail find_email sou_youjian inbox_search
about: 在邮箱里[搜索|查找]邮件。
about: 搜索收件箱
query = word ; query keyword guanjianci text ; 关键词
order: 在[邮箱|收件箱|邮件]里[搜|找|查]{query}
order: [找|搜]一下关于{query}的邮件
ask: 有没有关于{query}的邮件
note: 邮件搜索：{query}
gives: count = integer:1-90
reply: 关于{query}的邮件有{count}封。

tool messages: send_sms text_message fa_duanxin send_message
about: 给[某人|联系人]发短信。
about: 短信
name = person ; name person shouxinren to ; 收信人
text = text ; text content neirong body ; 短信内容
order: 给{name}发[短信|消息|条短信|个消息]，[说|内容是|写]{text}
order: 发短信告诉{name}：{text}
order: 把{text}发给{name}
note: 短信{name}：{text}
gives: status = enum:sent,ok
reply: 给{name}的短信：{status}。

tool messages: call_person phone_call da_dianhua dial
about: 给[某人|联系人]打电话。
about: 拨号
name = person ; name person xingming who ; 要打给谁
order: 给{name}打[电话|个电话|一通电话]
order: [拨打|呼叫|打给]{name}
note: 电话{name}
note: 我要跟{name}通话
gives: status = enum:calling,ringing
reply: 给{name}的电话：{status}。

tool calendar: create_event add_event richeng calendar_event anpai
about: 在日历里[添加|新建]日程。
about: 新建日程
title = event ; title event biaoti name ; 日程名称
date = date ; date riqi day when ; 日期
time? = time ; time shijian at ; 时间 ; ，时间{}
order: 在日历上[加|添加|安排]{date}的{title}
order: 把{title}[安排|排|定]在{date}
order: {date}[加|安排|新建]一个日程：{title}
note: {date}{title}，记到日历
note: 日程：{title}，{date}
gives: event_id = id
reply: {title}已排在{date}（{event_id}）。

tool calendar: list_events get_agenda chakan_richeng agenda
about: 查看某一天的日程。
about: 日程列表
date = date ; date riqi day ; 哪一天
order: [看看|列出|查|查看]{date}的[日程|安排|行程]
ask: {date}[有什么安排|有哪些日程|我忙不忙|有会吗]
note: {date}安排
gives: first = event
reply: {date}有：{first}。

tool calendar: cancel_event delete_event quxiao_richeng remove_appointment
about: [取消|删除]日历里的日程。
about: 取消日程
title = event ; title event mingcheng name ; 日程名称
order: [取消|删掉|去掉]{title}[这个日程|]
order: 把{title}从日历里[删掉|去掉|取消]
note: 取消{title}
note: {title}不去了，删掉
gives: status = enum:cancelled,removed
reply: {title}：{status}。

tool tasks: add_reminder reminder tixing remind_me create_reminder
about: [添加|设置][一个|]提醒。
about: 提醒
task = task ; task text shixiang what ; 提醒什么
time = time ; time shijian when at ; 什么时候
order: {time}提醒我{task}
order: 提醒我{time}{task}
order: 设个提醒：{time}{task}
order: 到{time}[叫我|通知我]{task}
note: 提醒：{task}，{time}
gives: reminder_id = id
reply: 已设提醒{reminder_id}：{time}{task}。

tool tasks: add_task todo_add daiban new_task create_todo
about: 往待办清单里添加[任务|一项]。
about: 待办事项
task = task ; task item shixiang title ; 任务
order: 把{task}[加到|加入|写进]待办[清单|]
order: [加|新建|添加]一个待办：{task}
order: 在任务列表里[加上|记上]{task}
note: 待办：{task}
note: 别让我忘了{task}，加到清单
gives: task_id = id
reply: 待办{task}已添加，编号{task_id}。

tool notes: save_note create_note biji take_note memo
about: 保存[一条|]笔记。
about: 记笔记
text = text ; text content neirong note ; 笔记内容
order: [记下|记录|记一条笔记|写笔记]：{text}
order: 把{text}[记下来|存成笔记|写到笔记里]
note: 笔记：{text}
note: 备忘，{text}
gives: note_id = id
reply: 笔记已保存，编号{note_id}。

tool *search: web_search search_web sousuo internet_search wangye_sousuo
about: 在网上搜索。
about: [网页|互联网]搜索
query = topic ; query keyword guanjianci q ; 搜索词
order: [在网上|上网|]搜[一下|索|]{query}
order: [上网查|网上找]{query}的[资料|信息]
note: 搜索{query}
note: 网上查{query}
gives: title = title
reply: 搜到：{title}。

tool search: get_news news xinwen latest_news toutiao
about: [获取|查询]某个主题的[最新|]新闻。
about: 新闻
topic = topic ; topic subject zhuti about ; 主题
order: [找|看看|查|给我]关于{topic}的[新闻|最新消息|报道]
ask: {topic}有什么[新闻|最新消息]
note: {topic}新闻
gives: headline = title
reply: 关于{topic}的新闻：{headline}。

tool people: find_contact contact_lookup lianxiren phone_book
about: 在通讯录里[查找|找]联系人的[电话|号码]。
about: 通讯录
name = person ; name person xingming who ; 姓名
order: [查|找|告诉我]{name}的[电话|号码|联系方式|手机号]
ask: {name}的[电话|号码|手机号]是多少
note: {name}电话
gives: phone = phone
reply: {name}的电话是{phone}。

tool people: add_contact save_contact xinjian_lianxiren new_contact
about: 把[某人|]的号码存进通讯录。
about: 新建联系人
name = person ; name person xingming ; 姓名
phone = phone ; phone number dianhua haoma ; 电话号码
order: [存|保存|添加]联系人{name}，[电话|号码]{phone}
order: 把{name}的[电话|号码]{phone}[存起来|加到通讯录]
note: 新联系人{name}，{phone}
gives: status = enum:saved,ok
reply: {name}（{phone}）：{status}。

tool units: convert_units unit_converter danwei_huansuan convert
about: 把数值从一个单位换算成另一个单位。
about: 单位换算
value = number ; value amount shuzhi number ; 数值
source = unit ; from_unit source yuan_danwei ; 原单位
target = unit ; to_unit target mubiao_danwei ; 目标单位
order: 把{value}{source}[换算成|换成|转成]{target}
order: [算算|看看]{value}{source}是多少{target}
ask: {value}{source}[等于|是|合]多少{target}
note: {value}{source}换{target}
gives: result = number
reply: {value}{source}等于{result}{target}。

tool units: random_number roll_dice suijishu pick_number
about: 生成一个不超过上限的随机数。
about: 随机数
limit = integer:2-1000 ; limit max shangxian high ; 上限
order: [生成|给我|来]一个1到{limit}的随机数
order: 在1到{limit}之间[随便选|抽]一个数
note: 随机数，最大{limit}
gives: number = integer:1-1000
reply: 随机数是{number}。

tool files: read_file open_file duqu_wenjian cat_file
about: [读取|打开]文件的内容。
about: 读文件
path = file ; path file wenjian filename ; 文件[路径|名]
order: [打开|读取|读一下|看看]{path}[的内容|文件|]
order: 把{path}[打开|读给我看]
ask: {path}里[写了什么|有什么]
note: 打开{path}
gives: content = text
reply: {path}的内容：{content}。

tool files: delete_file remove_file shanchu_wenjian erase_file
about: 删除[一个|]文件。
about: 删文件
path = file ; path file wenjian name ; 要删除的文件
order: [删除|删掉|去掉]{path}
order: 把{path}[删了|删除|扔进回收站]
note: 删{path}
note: {path}不要了，删掉
gives: status = enum:deleted,removed
reply: {path}：{status}。

tool files: copy_file duplicate_file fuzhi_wenjian backup_file
about: 把文件复制到另一个位置。
about: 复制文件
source = file ; source from yuan_wenjian ; 原文件
target = file ; target to mubiao ; 新文件
order: 把{source}复制[到|成|为]{target}
order: [备份|拷贝]{source}到{target}
note: 复制{source}到{target}
gives: status = enum:copied,ok
reply: {source}到{target}：{status}。

tool code: run_code execute_code yunxing_daima python
about: [运行|执行]一段代码。
about: 代码解释器
code = expression ; code source daima script ; 代码
order: [运行|执行|跑一下]代码{code}
order: 用解释器[运行|执行]{code}
note: 运行代码：{code}
gives: output = integer
reply: 输出是{output}。

tool code: restart_service service_restart chongqi reboot_service
about: 重启[一个|]服务。
about: 服务重启
service = service ; service name fuwu ; 服务名
order: [重启|重新启动]{service}[服务|]
order: 把{service}[重启一下|重新启动]
note: 重启{service}
note: {service}卡住了，重启
gives: status = enum:restarted,running
reply: {service}：{status}。

tool code: get_logs show_logs rizhi service_logs
about: [查看|获取]服务的日志。
about: 日志
service = service ; service name fuwu ; 服务名
order: [看看|查看|调出|拉取]{service}的日志
order: 把{service}的日志[给我|发来]
ask: {service}的日志里有什么
note: {service}日志
gives: line = text
reply: {service}的最新日志：{line}。

tool shop: search_products product_search shangpin find_product
about: [搜索|查找]商品。
about: 商品搜索
product = product ; product query shangpin item ; 商品
order: [搜|找|看看]{product}[这个商品|]，我想买
order: 在商店里[找|搜]{product}
ask: [有没有|店里有|有卖]{product}[吗|]
note: 想买{product}
note: 商品：{product}
gives: price = price
reply: {product}售价{price}元。

tool shop: add_to_cart cart_add gouwuche basket_add
about: 把商品加入购物车。
about: 加购物车
product = product ; product item shangpin ; 商品
quantity? = integer:1-20 ; quantity count shuliang ; 数量 ; ，数量{}
order: 把{product}[加入|放进|加到]购物车
order: 购物车里[加上|放]{product}
note: {product}加购物车
note: {product}我要了，放购物车
gives: total = price
reply: 已加入{product}，总价{total}元。

tool orders: track_order order_status chaxun_dingdan kuaidi track_package
about: 查询订单[状态|到哪里了]。
about: [快递|订单|物流]查询
order_id = id ; order_id number dingdan_hao bianhao ; 订单号
order: [查|看看|跟踪|查一下][订单|快递|包裹]{order_id}[的状态|到哪了|]
ask: [订单|快递|包裹]{order_id}[到哪了|什么时候到|发货了吗]
note: 订单{order_id}状态
note: {order_id}还没收到货
gives: status = enum:shipped,delivered,packed
reply: 订单{order_id}的状态是{status}。

tool orders: cancel_order order_cancel quxiao_dingdan stop_order
about: 取消订单。
about: 撤销一个订单
order_id = id ; order_id number dingdan bianhao ; 订单号
order: [取消|撤销|退掉]订单{order_id}
order: 把订单{order_id}取消[掉|]
note: 取消订单{order_id}
note: 订单{order_id}不要了
gives: status = enum:cancelled,stopped
reply: 订单{order_id}：{status}。

tool bank: transfer_money send_money zhuanzhang pay
about: 给[某人|]转账。
about: 转账
amount = price ; amount jine money sum ; 金额
name = person ; recipient to shoukuanren name ; 收款人
order: [转|汇|打]{amount}元给{name}
order: 给{name}[转账|转|汇款]{amount}元
order: 转账{amount}元，收款人{name}
note: {name}，转{amount}元
note: 我欠{name}{amount}元，转过去
gives: transfer_id = id
reply: 已给{name}转{amount}元，流水号{transfer_id}。

tool bank: account_balance get_balance yue check_balance
about: 查询账户余额。
about: 余额
account = id ; account zhanghu number ; 账户
order: [查|看看|告诉我]账户{account}的余额
order: 查一下{account}里还有多少钱
ask: 账户{account}[还有多少钱|余额是多少]
note: {account}余额
gives: balance = price
reply: 账户{account}余额{balance}元。

tool images: generate_image create_picture huatu draw_image
about: 按描述[画|生成]一张图。
about: 画图
prompt = text ; prompt description miaoshu text ; 画面描述
order: [画|生成|做]一张图：{prompt}
order: 按{prompt}画[一幅画|张图片]
note: 画：{prompt}
note: 图片，{prompt}
gives: url = url
reply: 图片在{url}。

tool library: find_book book_search zhaoshu search_books
about: 在图书馆里[找|查]书。
about: 图书检索
title = title ; title book shuming name ; 书名
order: [找|查|搜]一下《{title}》这本书
order: 在图书馆[找|查]《{title}》
ask: 图书馆有《{title}》吗
note: 借书《{title}》
gives: shelf = id
reply: 《{title}》在{shelf}书架。

tool staff: get_employee employee_info yuangong staff_lookup
about: [查询|返回]员工[信息|资料]。
about: 员工资料
name = person ; name employee yuangong person ; 员工姓名
order: [查|看看]员工{name}的[资料|信息|部门]
ask: 员工{name}在哪个部门
note: 员工{name}
gives: desk = id
reply: {name}的工位是{desk}。

tool staff: request_leave qingjia holiday_request time_off
about: 申请[休假|请假]。
about: 请假
days = integer:1-20 ; days tianshu duration ; 天数
start = date ; start date kaishi from ; 开始日期
order: 从{start}起请{days}天假
order: 申请{days}天[年假|休假|假期]，从{start}开始
note: 请假{days}天，{start}开始
gives: request_id = id
reply: 请假{days}天的申请号是{request_id}。

tool support: create_ticket open_ticket gongdan report_issue
about: [新建|提交]工单。
about: 报告问题
title = text ; title subject biaoti problem ; 问题描述
order: [提|建|开|提交]一个工单：{title}
order: 报告一个问题：{title}
note: 工单：{title}
note: 出问题了，{title}，开工单
gives: ticket = id
reply: 工单号是{ticket}。

tool web: shorten_url short_link duanlianjie url_shortener
about: 把网址变短。
about: 短链接
url = url ; url link wangzhi address ; 网址
order: [缩短|变短|压缩]网址{url}
order: 把{url}[变成短链接|缩短]
note: 短链接：{url}
gives: short = url
reply: 短链接是{short}。

tool web: fetch_page get_webpage dakai_wangye open_url
about: [打开|下载]网页。
about: 读取网页
url = url ; url page wangzhi address ; 网址
order: [打开|访问|读取|抓取]{url}
order: 看看{url}[上写了什么|这个网页]
note: 网页{url}
gives: title = title
reply: 网页标题是{title}。

tool security: generate_password make_password mima new_password
about: 生成指定长度的密码。
about: 密码生成器
length = integer:6-40 ; length changdu size ; 密码长度
order: [生成|给我|做]一个{length}位的密码
order: 来个长度{length}的[随机|]密码
note: 密码{length}位
gives: password = id
reply: 密码是{password}。

tool data: draw_chart plot tubiao make_chart
about: 根据数据文件画图表。
about: 图表
path = file ; path data shuju file ; 数据文件
order: 用{path}[画|做|生成]一张图表
order: 把{path}的数据画成图
note: 图表：{path}
gives: chart = file
reply: 图表已存为{chart}。

tool data: query_database run_query chaxun_biao find_records
about: 在数据库里按[关键词|条件]查记录。
about: 查数据库
keyword = word ; keyword term guanjianci value ; 查询词
order: 在数据库里[查|找|搜]{keyword}[的记录|]
order: 查{keyword}的数据库记录
ask: 数据库里有没有{keyword}
note: 数据库{keyword}
gives: rows = integer:1-300
reply: {keyword}有{rows}条记录。
"""
