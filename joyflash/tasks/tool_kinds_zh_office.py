"""Chinese real tools for offices, money, staff, servers and machines, in the text form that ``parse_tools`` reads."""

from __future__ import annotations

OFFICE_TOOLS_ZH = """
tool mail: forward_email forward_mail zhuanfa_youjian resend_message pass_on_mail
about: 把收到的[某封|一封]邮件转发给[另一个人|别人]。
about: 邮件转发
subject = title ; subject title zhuti mail_title ; 原邮件[标题|主题]
to = email ; to address shoujianren forward_to ; 转给谁
order: 把[标题|题目]是{subject}的那封[转|再发]一份给{to}
order: 让{to}也看到{subject}那封[来信|信]
order: 将收件箱里的{subject}[原样|原封不动|完整]转给{to}
ask: {subject}那封信[能不能也让|可不可以也给]{to}[看看|看一眼|过目]
note: [刚才|昨天|上午]收到的{subject}，{to}[那边还没看过|也应该知道|没收到]，[传过去|给他一份]
note: {to}说没收到{subject}，[我这里有原件|我这儿有]，[再给他一份|麻烦传过去]
note: 转发 {subject} → {to}
note: 我不管这事了，{subject}那封交给{to}去[回|处理]
gives: status = enum:sent,queued,ok
reply: {subject}已转发给{to}，状态：{status}。

tool rooms: book_meeting_room reserve_room yuding_huiyishi meeting_room_booking room_reserve
about: 预订[一间|]会议室。
about: 会议室预约
date = date ; date riqi day ; 日期
time = time ; time shijian start ; 开始时间
people? = integer:2-40 ; people renshu seats ; 人数 ; [，一共{}个人|，{}人参加|，大概来{}位]
order: {date}{time}[占|订|留]一间[开会的屋子|会议室]
order: 给我们[找个|弄个]地方[谈事|讨论|开碰头会]，{date}，{time}开始
order: [订好|定下]{date}的会议室，{time}用
ask: {date}{time}[能不能给我们腾间屋子|可不可以留一间屋子给我们组]
note: [客户|总部的人|投资人]{date}来谈[合作|项目]，{time}到，总不能让人家站走廊里[，找间屋子|，留个地方]
note: 我们组{date}{time}要[关起门来讨论|碰头]，[没地方坐|工位太吵]
note: 会议室，{date}，{time}
note: {time}有个[评审|讨论]，就在{date}，需要一间[带投影的|安静的]屋子
gives: room = id
reply: 已为{date}{time}订好会议室{room}。

tool rooms: release_meeting_room cancel_room_booking shifang_huiyishi free_up_room give_back_room
about: [取消|释放]已经订好的会议室，让别人能用。
about: Cancels an existing meeting room booking.
booking = id ; booking_id reservation yuding_hao booking ; 预订编号
order: 把{booking}那间[让出来|退掉|还回去]
order: 取消会议室预订{booking}
order: [撤掉|退了]我们占的那间屋子，编号{booking}
ask: 我占着的{booking}[现在能退吗|还能不能让给别人]
note: 会不开了，{booking}[留给别的组吧|用不上了|谁要谁拿去]
note: 改成线上讨论，{booking}[不用了|空出来了]
note: {booking}那间[我们没人去|没人用]，别[白占着|浪费]
note: 隔壁组[急着要地方|没屋子用]，我们的{booking}可以给他们
gives: status = enum:released,cancelled,free
reply: 会议室预订{booking}：{status}。

tool invoices: issue_invoice create_invoice kai_fapiao make_invoice bill_customer
about: 给[客户|公司]开[一张|]发票。
about: 开具发票
company = company ; company buyer taitou gongsi ; 发票抬头
amount = price ; amount jine total sum ; 金额
order: 给{company}开[张|一张]{amount}元的[票|发票]
order: 按{amount}元向{company}[出票|开票]
order: 把{company}那笔{amount}的票[开了|开出来]
ask: {company}要的{amount}元的票[能不能今天出|什么时候能开|开得出来吗]
note: {company}那边财务在催，[没票不肯入账|要凭票付款]，数目是{amount}
note: 抬头{company}，{amount}元，[开票|专票|普票]
note: 我们收了{company}{amount}块，人家[还等着票呢|要报账]
note: {amount}元，买方是{company}，[今天之内把票给人家|票还没给人家]
gives: invoice_no = id
reply: 已给{company}开出{amount}元的发票，号码{invoice_no}。

tool invoices: verify_invoice check_invoice yanzhen_fapiao invoice_validation is_invoice_genuine
about: 查验发票[是不是真的|的真伪]。
about: 发票验真
number = id ; number invoice_no fapiao_hao code ; 发票号码
order: [核对|验]一下{number}是[真票还是假票|真是假]
order: 查验发票{number}
order: 看看号码{number}的票[有没有问题|靠不靠谱|税务局认不认]
ask: {number}这张[是不是伪造的|会不会是假的|合法吗]
ask: {number}[系统里查得到吗|能入账吗]，我怀疑[是P出来的|有人造假]
note: 供应商[塞给我|寄来]一张{number}，[看着不太对劲|印得很模糊]
note: 怕[买到|收到]假票，号码{number}
note: 验真：{number}
gives: result = enum:真票,假票,已作废
reply: 发票{number}的查验结果：{result}。

tool expenses: submit_expense claim_expense baoxiao_shenqing reimbursement_request add_expense_claim
about: 提交[一笔|]报销申请。
about: 报销单提交
amount = price ; amount jine sum money ; 金额
kind = enum:打车费,餐费,住宿费,机票钱,办公用品,快递费 ; category kind leixing fee_type ; 费用类别
order: [报|报销]{amount}元[的|]{kind}
order: 把我垫的{amount}块{kind}[要回来|报掉|交上去]
order: 替我填一张单子，{kind}，{amount}元
ask: {kind}我自己先[垫了|掏了]{amount}，[公司给报吗|怎么拿回来]
note: 上周[出差|见客户]自己掏了{amount}，是{kind}，[得找公司要|想让公司出]
note: {kind} {amount}元，我先[刷的自己的卡|垫付的]
note: {amount}元的{kind}[小票|收据]在我手上，[该走流程了|这个月底前要交]
note: 报销{kind}{amount}
gives: claim_id = id
reply: {kind}{amount}元的报销已提交，单号{claim_id}。

tool expenses: expense_status claim_progress baoxiao_jindu reimbursement_status track_claim
about: 查看报销单[走到哪一步|的进度]。
about: 报销进度
claim = id ; claim_id danhao number claim ; 报销单号
order: 看看{claim}[批到谁那儿了|卡在哪一步|财务打款没有]
order: 查报销单{claim}的进度
ask: {claim}[什么时候到账|钱怎么还没下来|批了没有|领导签了没]
ask: 我上个月交的{claim}到底[审完没有|走到哪儿了]
note: 垫的钱[一个月了|这么久]还没影，单子是{claim}
note: {claim}，[财务说在走流程|交上去就没动静了]，[催一催状况|想看现在什么情况]
note: [穷得吃土|等米下锅]，就指望{claim}那笔[回款|钱]，到哪儿了
note: 进度 {claim}
gives: stage = enum:待审批,已打款,被退回
reply: 报销单{claim}目前{stage}。

tool payments: remind_payment dunning_letter cuikuan payment_reminder chase_debt
about: 向[欠款的|没付钱的]公司催款。
about: Sends a reminder to a customer who has not paid.
company = company ; company debtor qiankuanfang customer ; 欠款方
days? = integer:3-120 ; overdue_days tianshu days ; 逾期天数 ; [，已经拖了{}天|，都过期{}天了|，晚了{}天]
order: [催|催促]{company}[付钱|把尾款结了|还账]
order: 提醒{company}[账还没结|该打款了|欠着我们的钱]
order: 给{company}[发个催款函|去个函]，让他们[把账清了|尽快结清]
ask: {company}的钱[怎么还不来，能去要一下吗|能不能去讨一下]
note: 货[早就交了|都用上了]，{company}一分没给，[不能再等了|该开口要了]
note: {company}[又赖账|一直装死|老说下周打钱]，[去要|敦促一下]
note: 我们现金流紧，{company}欠的那笔[得收回来|必须讨回来]
note: 催款 {company}
gives: letter_id = id
reply: 已向{company}发出催款通知{letter_id}。

tool bank: freeze_card block_card guashi_yinhangka lost_card report_card_lost
about: 挂失[银行卡|信用卡]，马上停用。
about: 冻结一张银行卡
card = id ; card kahao card_number ; 卡号
order: [冻住|停掉|锁死]尾号{card}那张卡
order: 挂失银行卡{card}
order: 别让任何人再用{card}[刷钱|消费|取钱]
ask: {card}[被偷了怎么办|找不到了怎么办]
note: 钱包[落在出租车上了|让人摸走了]，{card}在里面，[赶紧停了|千万别让人刷]
note: 我没[买过|消费过]东西，{card}却一直在扣钱，[先封了|停用]
note: {card}不见了，[翻遍了也没有|昨晚还在]
note: 卡丢了！{card}
gives: status = enum:frozen,blocked,已停用
reply: 卡{card}的状态：{status}。

tool budgets: remaining_budget budget_left yusuan_yue department_budget check_budget
about: 查部门还剩多少预算。
about: 预算余额
department = enum:市场部,研发部,人事部,行政部,销售部 ; department bumen team ; 部门
order: 查{department}的预算[还剩多少|余额]
order: 看看{department}今年[还能花多少|手里还有多少钱]
ask: {department}[还有钱吗|的经费够不够|超支了没有]
ask: 要是{department}再[办一场活动|买一批电脑]，[钱够不够|还掏得出来吗]
note: {department}想[团建|请外包]，[不知道钱够不够|先看看还有多少可花]
note: 老板问{department}[花到什么程度了|还剩几个子儿]
note: {department}，经费，[剩余|还有几何]
note: 年底了，{department}[没花完的有多少|结余多少]
gives: left = price
reply: {department}还剩{left}元预算。

tool tax: income_tax calculate_tax geshui compute_income_tax tax_on_salary
about: 按[月收入|工资]算个人所得税。
about: 个税计算器
income = price ; income shouru gross monthly_income ; [月收入|税前工资]
order: 算算{income}的月薪要[交多少个税|扣多少给国家]
order: 按税前{income}[算|估]一下[个税|到手前要扣掉的税]
ask: 一个月挣{income}，[国家要拿走多少|要上交多少|得扣多少]
ask: {income}的收入[到底要缴多少|扣完差多少]
note: 跳槽谈到{income}一个月，[想知道税务局要拿多少|不知道要被扣掉多少]
note: 税前{income}，个税
note: 我这个月发了{income}，[单位扣的对不对|是不是多扣了]，按规定应该交多少
note: {income}，[扣税|所得税]多少
gives: tax = price
reply: 收入{income}元应缴个税{tax}元。

tool staff: get_payslip salary_slip gongzitiao payslip_lookup monthly_pay
about: 查某位员工某月的工资条。
about: 员工薪资明细
name = person ; name employee xingming ; 员工
month = month ; month yuefen period ; 月份
order: 把{name}{month}的[工资条|薪水明细]调出来
order: 看看{name}{month}[发了多少|到手多少|拿了多少钱]
ask: {name}{month}[挣了多少|的薪水是多少|打到卡里多少钱]
ask: {month}给{name}[发的对不对，一共多少|发了几何]
note: {name}说{month}[少发了|拿的钱不对]，[核一下|看看实际发放]
note: {month}，{name}，工资
note: {name}要[办房贷|租房]，得有{month}的[收入凭据|薪资单]
note: 会计，{month}那会儿{name}[到底领了几块钱|领了多少]
gives: net = price
reply: {name}{month}实发{net}元。

tool staff: leave_balance remaining_leave shengyu_nianjia vacation_days_left holiday_balance
about: 查询员工[年假|假期]余额。
about: 年假查询
name = person ; name employee xingming who ; 姓名
order: 查{name}剩余的年假
order: 看看{name}[还能歇几天|今年还有几天可以休]
ask: {name}[还有几天没休|的假用完了没有|还能休多久]
ask: {name}想[回老家|出国玩]，[假还够吗|手里的天数够不够]
note: {name}今年[一直加班没歇过|没怎么休过]，[应该攒了不少天|攒了几天]
note: {name}，假期，剩
note: 年底清零，{name}[还有多少天要作废|没歇的有几天]
note: 排班要用：{name}剩下的[可休天数|假]
gives: days = integer:1-25
reply: {name}还剩{days}天假。

tool staff: approve_leave grant_leave pizhun_jiaqi sign_off_leave accept_time_off
about: 批准下属的请假申请。
about: Approves a colleague's pending leave request.
name = person ; name employee applicant ; 申请人
order: 批准{name}的假
order: 让{name}[去休吧|放心去玩|安心回家]，[我同意了|我没意见]
order: {name}的[请假单|假条][给过|点通过|签了]
ask: {name}等着[我点头|我签字]呢，[能直接通过吗|帮我点一下同意行吗]
note: {name}家里[老人住院|孩子发烧]，[准了|让他走]
note: {name}想歇几天，[我没意见|我这边没问题]
note: 我是主管，{name}那张[假条|单子]OK
note: {name}的申请，同意
gives: status = enum:approved,granted,已批准
reply: {name}的请假：{status}。

tool contracts: contract_expiry contract_end_date hetong_daoqi when_contract_ends contract_term
about: 查合同什么时候到期。
about: Tells when a contract ends.
contract = id ; contract_id hetong_hao contract ; 合同编号
order: 看看{contract}[签到哪一天|哪天失效|还管用多久]
order: 查合同{contract}的到期日
ask: {contract}[还有多久过期|到哪天为止|今年会不会失效]
ask: 跟人家签的那份{contract}[截止到几号|什么时候就作废了]
note: 怕{contract}[已经过了日子|快失效了]，[确认下最后一天|想知道哪天截止]
note: {contract}，到期日
note: 法务问{contract}[管到什么时候|有效到几号]
note: 房东说{contract}快结束了，[真的吗，哪天|具体几号]
gives: end = date
reply: 合同{contract}到期日为{end}。

tool contracts: renew_contract extend_contract xuqian_hetong contract_extension prolong_agreement
about: 续签合同，延长若干个月。
about: 合同续期（单位：月）
contract = id ; contract_id hetong_hao contract ; 合同编号
months = integer:1-60 ; months yueshu duration ; 延长几个月
order: 把{contract}[再延|往后延|续]{months}个月
order: 续签{contract}，{months}个月
order: 让{contract}多[管|有效]{months}个月
ask: {contract}[能不能再签|可不可以多签]{months}个月
note: 合作[很愉快|不错]，{contract}我们[还想接着干|愿意继续]，{months}个月
note: {contract}快到头了，对方愿意[再来|接着做]{months}个月
note: {contract}，+{months}个月
note: 租约{contract}，[我不想搬家|还要住下去]，{months}个月
gives: end = date
reply: 合同{contract}延长{months}个月，到{end}。

tool customers: customer_history purchase_history kehu_jilu client_orders past_deals
about: 查询客户的[购买|成交]记录。
about: 客户成交历史
company = company ; company kehu client ; 客户
order: 翻翻{company}[以前跟我们要过什么|过去的单子]
order: 调出{company}的成交记录
ask: {company}[之前在我们这儿拿过什么货|是不是老主顾，都要过什么]
ask: 我们以前跟{company}[打过交道吗|做过买卖没有]
note: 下午去见{company}，[先了解下以往的往来|不知道他们从前要过什么]
note: {company}，历史，[成交|旧单]
note: {company}说[老样子再来一批|跟上回一样]，[上回是什么来着|到底是啥]
note: 新来的销售不清楚{company}[以前拿过哪些货|和我们做过哪些买卖]
gives: product = product ; total = price
reply: {company}买得最多的是{product}，累计{total}元。

tool support: ticket_status lookup_ticket gongdan_zhuangtai view_ticket check_issue
about: 查看[已有|]工单[处理得怎样|的状态]。
about: Looks up how far an existing support ticket has come.
ticket = id ; ticket_id gongdan_hao ticket number ; 工单号
order: 看看{ticket}[修到什么地步了|谁在弄|弄好没有]
order: 查工单{ticket}的状态
ask: {ticket}[解决了吗|怎么还没人管|有回音了吗|现在谁在跟]
ask: 我[上周|前天]报的{ticket}，[到现在怎么样了|有没有人看]
note: {ticket}，[用户天天问|领导在问]，[什么情况了|有下文没]
note: 报修都三天了，号是{ticket}，[一点消息都没有|没人联系我]
note: 工单{ticket}？
note: 客户又打来了，想知道{ticket}[啥时候能好|有眉目没有]
gives: status = enum:处理中,已解决,等待回复
reply: 工单{ticket}：{status}。

tool support: close_ticket resolve_ticket guanbi_gongdan ticket_done finish_issue
about: 关闭[已经解决的|]工单。
about: 结单
ticket = id ; ticket_id gongdan_hao ticket ; 工单号
order: 关掉工单{ticket}
order: 把{ticket}[结了|标成搞定|了结掉]
order: {ticket}不用[再跟了|再管了]，[收尾吧|划掉]
ask: {ticket}早就[弄好了|修好了]，[能划掉吗|怎么还挂着，能收掉吗]
note: 重启之后[一切正常|就好了]，{ticket}[可以收了|没必要留着]
note: {ticket}是[误报|重复的]，[别占着队列|不用处理]
note: 用户确认没问题了，{ticket}[结|收工]
note: {ticket}已修复，[归档|完结]
gives: status = enum:closed,resolved,done
reply: 工单{ticket}已处理：{status}。

tool sales: sales_figures get_sales xiaoshou_e units_sold sales_report
about: 查[某种|]商品在某个月的销售额。
about: 月度销售统计
product = product ; product shangpin item ; 商品
month = month ; month yuefen period ; 月份
order: 统计{product}{month}[卖出去多少|的销售额]
order: 看看{month}里{product}[走得怎么样|进账多少|好不好卖]
ask: {product}在{month}[卖得好不好|给我们赚了多少|出了多少货]
ask: {month}有多少人[买了|掏钱要]{product}
note: 开会要汇报，{month}{product}的[业绩|流水]
note: 感觉{product}[卖不动了|越来越火]，{month}[究竟怎样|的数目是多少]
note: {month} {product} 销量
note: 老板想砍掉{product}这条线，[先看|得拿出]{month}的[成绩|营收]
gives: amount = price
reply: {product}{month}的销售额是{amount}元。

tool stock: stock_level check_inventory kucun_chaxun units_in_stock how_many_left
about: 查询商品库存。
about: 实时存货数量
product = product ; product shangpin item sku ; 商品
city? = city ; city cangku warehouse ; 仓库所在城市 ; [，只看{}那边|，{}仓的|，在{}]
order: 数数{product}[还有几件|架子上剩多少]
order: 查{product}的库存
ask: {product}[还有货吗|还够卖几天|断货了没有|剩几个]
ask: 客人要{product}，[我们拿得出来吗|后面还有吗]
note: 有人[一口气要|想买]好多{product}，[不知道够不够发|我们手里有几个]
note: {product}，[余量|现货]
note: 双十一前得清楚{product}[还有几箱|存量]
note: {product}好像[快卖光了|见底了]，[确认下数目|到底还有几个]
gives: units = integer:1-900
reply: {product}还有{units}件。

tool stock: reorder_stock order_supplies bu_huo restock replenish
about: 向供应商补货。
about: Orders more units of a product for the warehouse.
product = product ; product shangpin item ; 商品
quantity = integer:5-500 ; quantity shuliang amount ; 数量
order: 再进{quantity}个{product}
order: 给仓库补{quantity}件{product}
order: 叫厂家[再送|再发]{quantity}件{product}[来|过来]
ask: {product}[快没了|卖空了]，[能不能添|可不可以再来]{quantity}个
note: {product}见底了，[要|来]{quantity}个[顶一顶|应急]
note: 旺季要到了，{product}[得备|先囤]{quantity}件
note: {product}×{quantity}，[进货|补]
note: 架子都空了，{quantity}件{product}，[越快越好|这周得到]
gives: order_no = id
reply: 已订{quantity}件{product}，采购单{order_no}。

tool warehouse: move_stock transfer_stock diaobo warehouse_transfer ship_between_warehouses
about: 在两地仓库之间调拨货物。
about: 跨仓调拨
product = product ; product huowu goods ; 货物
source = city ; from_city source diaochu ; 调出地
target = city ; to_city target diaoru ; 调入地
order: 把{source}的{product}[挪|拉|运]一批到{target}
order: 从{source}往{target}调{product}
order: 拿{source}那边的{product}[支援|接济]{target}
ask: {target}缺{product}，{source}[能匀点过去吗|那头拿得出来吗]
note: {product}在{source}[堆成山|卖不掉]，{target}却[天天断货|抢着要]，[匀过去|倒一批]
note: {target}[等着用|快断货了]，{source}的{product}[发过去|装车运去]
note: 调拨{product}：{source}到{target}
note: {source}那头要关仓，里面的{product}[全送到|都搬去]{target}
gives: transfer_id = id
reply: {product}从{source}调往{target}，单号{transfer_id}。

tool loans: loan_payment monthly_installment yuegong mortgage_payment loan_calculator
about: 算贷款每个月要还多少。
about: Monthly repayment of a loan over some years.
amount = price ; amount benjin principal ; 贷款金额
years = integer:1-30 ; years nianshu term ; 年数
order: 算一下借{amount}、{years}年还清，[每月掏多少|一个月还几何]
order: 贷{amount}元分{years}年，[把月供算出来|看看月供]
ask: 从银行借{amount}，{years}年，[每个月要掏多少|一月还多少]
ask: {years}年还完{amount}，[压力大不大，每月多少|平均一个月得拿多少]
note: 看中一套房，[首付之外还差|要问银行拿]{amount}，{years}年还，[每月得交多少|担心月月不够花]
note: 月供：{amount}，{years}年
note: 打算[买车|开店]找银行拿{amount}，{years}年慢慢还，[一个月几个钱|月月要多少]
note: {amount}摊到{years}年里，按月
gives: monthly = price
reply: 贷款{amount}元、{years}年，每月还{monthly}元。

tool printing: print_document print_file dayin printer_job send_to_printer
about: 打印文件。
about: 发送文件到打印机
path = file ; path wenjian file document ; 文件
copies? = integer:1-60 ; copies fenshu count ; 份数 ; [，要{}份|，来{}份|，{}份]
color? = flag ; color caise colour ; 是否彩色 ; [，要彩色的|，用彩色] // [，黑白就行|，不要彩色]
order: 把{path}[打出来|印出来|弄成纸的]
order: 打印{path}
order: 让[走廊那台|前台那台]机器[吐|出]一份{path}
ask: {path}[能不能给我一份纸的|可以印成纸质的吗]
note: 开会[大家人手一份|要发下去]，{path}[印一下|出纸质版]
note: 老爷子[看不了屏幕|眼睛不好]，{path}[要纸的|印到纸上]
note: {path}，纸质版
note: 签字得用[纸|原件]，{path}，[印|出]一下
gives: job_id = id
reply: {path}已送去打印，任务号{job_id}。

tool security: reset_password password_reset chongzhi_mima new_login_link unlock_login
about: 重置[某个|]用户的登录密码。
about: Resets the password of a user account.
account = email ; account email zhanghao user ; 账号邮箱
order: 重置{account}的密码
order: 让{account}能[重新登进去|重新设一个口令]
order: 给{account}[发个找回链接|换个口令]
ask: {account}[登不上去了怎么办|忘了口令，怎么进]
note: 我[脑子不好|年纪大了]，[口令忘光了|想不起口令]，邮箱是{account}
note: {account}输错[五次|好多次]，[进不去|怎么试都不对]
note: 忘记密码 {account}
note: 用户{account}打电话来说[口令不对|进不了系统]
gives: status = enum:sent,reset,ok
reply: {account}的密码重置：{status}。

tool security: disable_account lock_account tingyong_zhanghu deactivate_user suspend_user
about: 停用用户账户，让他不能再登录。
about: 账户[停用|封禁]
account = email ; account email zhanghu user ; 账户邮箱
order: 停用账户{account}
order: 不让{account}再[登录|进系统]
order: 把{account}[封了|禁了|踢出去]
ask: {account}[都离职了怎么还能进系统，能禁掉吗|怎么还登得上，能封吗]
note: {account}昨天[办完离职手续|走人了]，[别让他再进来|系统的门关上]
note: {account}在[发广告|捣乱|刷屏]，[封|禁掉]
note: {account}[像是被盗了|在半夜从国外登]，[先禁用|先别让它进]
note: 封号：{account}
gives: status = enum:disabled,locked,已停用
reply: 账户{account}：{status}。

tool permissions: grant_access give_permission shouquan add_permission allow_user
about: 授予某人[某个系统|服务]的权限。
about: Grants a person access to a system.
name = person ; name user yonghu ; 用户
system = service ; system service xitong ; 系统
order: 给{name}开通{system}的权限
order: 让{name}能[进|用]{system}系统
order: 放{name}进{system}[后台|]
ask: {name}[怎么还用不了|一点开就被拦在]{system}[，能放行吗|，给开一下行吗]
note: {name}新调来我们组，[要干活就得进|明天起要用]{system}
note: {system}，{name}，开权限
note: {name}打开{system}就[报|说|弹]无权访问，[该给他开了|把门打开]
note: 以后由{name}管{system}，[得先放他进去|现在他还进不了]
gives: status = enum:granted,ok
reply: {name}已有{system}的权限（{status}）。

tool permissions: revoke_access remove_permission shouhui_quanxian deny_user take_away_access
about: 收回某人[某个系统|服务]的权限。
about: Takes away a person's access to a system.
name = person ; name user yonghu ; 用户
system = service ; system service xitong ; 系统
order: 取消{name}对{system}的权限
order: 把{name}从{system}[请出去|踢掉|名单里去掉]
order: 别让{name}再碰{system}
ask: {name}[换组了|不干这个了]，{system}[怎么还进得去，能撤了吗|还该不该有他，能去掉吗]
note: {name}[转岗了|外包到期了]，{system}[不该再有他|那边的门得关上]
note: {system}里{name}还在，[去掉|清出去]
note: 审计说{name}不应该[看得到|进得了]{system}，[拿掉|收回来]
note: {name}误删过数据，{system}以后[不给他用了|不许他进]
gives: status = enum:revoked,removed
reply: {name}的{system}权限：{status}。

tool servers: server_load cpu_usage fuwuqi_fuzai machine_load host_metrics
about: 查看服务器的[负载|CPU占用]。
about: 服务器性能监控
host = id ; host fuwuqi server machine ; 主机名
order: 看看{host}[忙不忙|累不累|撑不撑得住]
order: 查服务器{host}的负载
ask: {host}[是不是快扛不住了|怎么这么卡|风扇怎么一直狂转，在忙什么]
ask: 跑在{host}上的[东西慢得要命|页面全都转圈]，[机器忙成什么样了|吃满了没有]
note: {host}好卡，[是不是被打满了|占用多少]
note: 负载 {host}
note: 大促马上开始，{host}[还有没有余力|顶得住吗]
note: 想再往{host}上[塞两个程序|放个任务]，[先看它闲不闲|不知吃不吃得消]
gives: percent = integer:1-99
reply: {host}的CPU占用是{percent}%。

tool backups: create_backup backup_now beifen make_snapshot backup_service
about: 给服务的数据做[一次|]备份。
about: Makes a backup of a service's data.
service = service ; service fuwu system ; 服务
order: 备份{service}的数据
order: 把{service}的东西[存一份到别处|留个底]
order: [趁没出事|动手之前]给{service}留个[底|保险]
ask: {service}要是[挂了|坏了]有没有后手，[现在能存一份吗|能先留一份吗]
note: 晚上要[升级|动]{service}，[先留条后路|万一翻车还能回来]
note: {service}里的东西[丢不起|很要紧]，[另存一份|多留一份]
note: 备份 {service}
note: 机房说要停电，{service}[里的数据先抄一份|得先有个副本]
gives: backup_id = id
reply: {service}已备份，编号{backup_id}。

tool backups: restore_backup recover_data huifu_beifen restore_from rewind_data
about: 用某天的备份[做恢复|恢复一个服务]。
about: 从备份恢复
service = service ; service fuwu system ; 服务
date = date ; date riqi snapshot_date ; 备份日期
order: 把{service}[恢复|还原]到{date}的样子
order: 让{service}的数据[回到|倒回]{date}
order: 用{date}的备份恢复{service}
ask: {service}里的东西[没了|全乱了]，{date}那份[还能拿回来吗|能救回来吗]
note: 实习生把{service}的数据[删光了|清空了]，{date}[那份还是好的|的还能用]
note: {service}坏了，[捞|取]回{date}的数据
note: {date}之后{service}的数据[都不对|全是错的]，[倒回去|时光倒流吧]
note: 还原 {service}，{date}
gives: rows = integer:10-900
reply: {service}已恢复到{date}，共{rows}条记录。

tool deploys: deploy_service release_version bushu push_to_production rollout
about: 把服务的某个版本部署上线。
about: Deploys a version of a service to production.
service = service ; service fuwu app ; 服务
version = id ; version banben build tag ; 版本号
order: 把{service}的{version}[推上线|放出去|发到生产]
order: 部署{service} {version}
order: 让用户用上{service}的{version}
ask: {service}的{version}[测完了，能上了吗|可以对外了吗]
note: {version}测试全绿，{service}[今晚上|就上它]
note: {service}，{version}，上线
note: 老板等着看{service}的新东西，就是{version}，[推出去|给它上]
note: 改好了，{version}，{service}那边[换上|更新过去]
gives: deploy_id = id
reply: {service} {version}已部署（{deploy_id}）。

tool deploys: rollback_service undo_release huigun revert_deploy previous_version
about: 把服务回滚到[上一个|以前的]版本。
about: Rolls a service back to the version before.
service = service ; service fuwu app ; 服务
order: 回滚{service}
order: 让{service}[退回|变回][原来那版|更新前的样子]
order: [撤掉|收回]{service}刚[上|发]的[那一版|更新]
ask: {service}一更新就[崩|报错]，[能不能退回去|可以换回旧的吗]
note: 刚上的{service}[把首页搞白了|一直报500]，[先退回去再说|换回旧的]
note: {service}新版有[大毛病|严重漏洞]，[用回老的|撤]
note: 昨天的{service}还好好的，[回到昨天那版|别用今天这版]
note: {service}，[退版|上一版]
gives: version = id
reply: {service}已退回版本{version}。

tool code: search_code grep_code sou_daima find_in_repo code_search
about: 在代码仓库里搜索[字符串|标识符]。
about: 源码全文搜索
term = word ; term guanjianci symbol pattern ; 要搜的字符串
order: 在代码里搜{term}
order: 找出源码里[哪些地方用到|谁调用了]{term}
order: 看看仓库里{term}[定义在哪儿|写在哪个文件]
ask: 我们的[程序|仓库][哪里用了|什么地方写过]{term}
ask: {term}这个[变量|函数]是在哪儿[定义的|声明的]
note: 要改名，先看{term}[散在多少处|出现在哪些文件]
note: grep {term}
note: 接手老项目，[完全不知道|摸不清]{term}[是干嘛的，在哪行|从哪儿冒出来的]
gives: path = file ; hits = integer:1-90
reply: {term}出现{hits}处，最先在{path}。

tool builds: build_status ci_status goujian_jieguo pipeline_result did_build_pass
about: 查看服务最近一次构建的结果。
about: 流水线状态
service = service ; service xiangmu project ; 项目
order: 看看{service}最近一次[编过没有|是红是绿]
order: 查{service}的构建结果
ask: {service}[编译过了吗|流水线红了没|测试全绿了吗]
ask: 刚提交的代码把{service}[弄挂了吗|搞红了没有]
note: 我合并之后有点慌，{service}[还绿着吗|没被我弄红吧]
note: CI {service}
note: 等{service}[编完|跑完]才能[下班|吃饭]，[好了没|什么情况]
note: 测试说{service}一直拿不到包，[是不是没编出来|看看编成没]
gives: result = enum:通过,失败,进行中
reply: {service}最近的构建：{result}。

tool network: ping_host check_site wangluo_jiance is_site_up test_connection
about: 检测网站[通不通|能否连上]。
about: Tests whether a host answers.
host = url ; host zhuji site target ; 主机或网址
order: 试试{host}[还活着没|有没有反应|连不连得上]
order: ping一下{host}
ask: {host}[是不是挂了|打不开，是我的问题还是它的问题|还活着吗]
ask: 别人[能上|进得去]{host}吗，我这儿[一直转圈|白屏]
note: {host}打不开，[不知是网断了还是对方倒了|是它死了吗]
note: 用户抱怨{host}[上不去|时断时续]，[测测通不通|探一下]
note: {host}，通否
note: 给{host}把把脉，[好像没反应了|半天不回话]
gives: ms = integer:1-900
reply: {host}有响应，延迟{ms}毫秒。

tool devices: locate_device find_my_device dingwei_shebei where_is_my device_tracker
about: 定位[丢失的|]设备在哪里。
about: 找设备
device = product ; device shebei item ; 设备
order: 定位我的{device}
order: 找找我那[台|个]{device}[落在哪儿了|跑到哪儿去了]
ask: 我的{device}[呢，放哪儿了|在什么地方|被我丢哪儿了]
ask: 是不是把{device}[忘在|落在][公司|车里|咖啡馆]了
note: {device}不见了，[翻遍包也没有|怎么找都找不着]
note: 出门前找不到{device}，[快迟到了|急死人]
note: {device}在哪
note: [怀疑|好像]有人把我的{device}拿走了，[现在在什么位置|它现在到哪儿了]
gives: place = place
reply: 你的{device}在{place}。

tool sensors: read_sensor sensor_value chuanganqi_dushu get_reading probe_value
about: 读取传感器的当前数值。
about: Reads the latest value of one sensor.
sensor = id ; sensor_id chuanganqi probe ; 传感器编号
order: 读传感器{sensor}的数值
order: 看看{sensor}[现在多少|报的什么数|显示几]
ask: {sensor}[测到的是多少|那个探头现在什么数]
ask: 大棚里的{sensor}[正常吗，多少|读出来几何]
note: {sensor}[老是报警|数字乱跳]，[现在是多少|给我个实时的数]
note: {sensor}，读数
note: 冷库门口那个探头{sensor}，[有没有超标|眼下什么数]
note: 巡检要抄{sensor}的[数|表]
gives: value = number
reply: 传感器{sensor}的读数是{value}。

tool cameras: camera_snapshot take_snapshot jiankong_jietu view_camera grab_frame
about: 从[某处的|]监控摄像头截一张画面。
about: 监控截图
place = place ; place weizhi location ; 摄像头所在位置
order: 截一张{place}的监控画面
order: 给我瞧瞧{place}[现在什么样|有没有人]
ask: {place}那边[现在排队长吗|有人守着吗|有没有可疑的人]
ask: {place}的门[关了没有，看得到吗|口站着谁]
note: 刚听见{place}有[响动|动静]，[想看一眼|瞄一下]
note: {place}，监控
note: 人不在现场，{place}[到底什么情况|堵不堵]，[来张图|让我看看]
note: 保安说{place}[有人翻墙|着火了]，[马上调画面|让我亲眼看看]
gives: image = file
reply: {place}的监控画面：{image}。

tool factory: stop_machine halt_line tingji emergency_stop shut_down_machine
about: 让[机器|生产线]停机。
about: Stops a machine on the factory floor.
machine = id ; machine_id jiqi line ; 机器编号
order: 停下{machine}
order: 让{machine}[别转了|歇着|马上停]
order: [拉闸|断电]，{machine}
ask: {machine}[冒烟了怎么办，快停|卡住东西了，能停下吗]
note: {machine}里[卡了块布|有怪声]，[不能再转|先别让它动]
note: 有人手[被夹了|伸进去了]，{machine}！
note: {machine}做出来的全是废品，[先别生产|叫它歇会儿]
note: 停机：{machine}
gives: status = enum:stopped,halted,已停
reply: {machine}：{status}。

tool factory: schedule_maintenance plan_service baoyang_anpai book_inspection machine_service
about: 给机器安排[保养|检修]的日子。
about: 设备检修排期
machine = id ; machine_id jiqi equipment ; 机器编号
date = date ; date riqi day ; 日期
order: 安排{date}给{machine}[做保养|检修]
order: 让师傅{date}来[看看|弄弄]{machine}
order: {date}给{machine}[上上油|做个体检|换换零件]
ask: {machine}[该上油了|跑了上万小时了]，{date}[能派人来吗|有师傅吗]
note: {machine}[声音越来越大|皮带松了]，{date}[不开工，正好弄|叫人来看]
note: {machine}，{date}，检修
note: {date}停产，[趁机把|顺便给]{machine}[拆开洗洗|整一整]
note: 说明书讲{machine}要定期[上油|换滤芯]，就{date}吧
gives: job_id = id
reply: {machine}的保养定在{date}，单号{job_id}。
"""
