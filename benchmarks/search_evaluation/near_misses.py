"""Documents of which many are alike: catalogues of codes and parts, contracts of one firm with many others.

They are what makes a question hard: the right passage stands among dozens that differ from it by a name or a number.
All names and figures are invented and come out the same every time.
"""

from collections.abc import Iterator, Sequence
from itertools import product

_COMPONENTS = (
    ("spindle drive", "SPD"),
    ("coolant pump", "CLP"),
    ("tool changer", "TLC"),
    ("door interlock", "DIL"),
    ("X axis encoder", "XEN"),
    ("hydraulic unit", "HYD"),
    ("control cabinet", "CAB"),
    ("chip conveyor", "CHC"),
)
_CONDITIONS = (
    (
        "overtemperature",
        "The temperature stayed above its limit for sixty seconds.",
        "Clean the fan and the filter mat",
    ),
    ("no signal", "The sensor did not answer within 200 ms.", "Check the plug and the cable for breaks"),
    ("undervoltage", "The supply fell below 21.6 V.", "Measure the supply under load and replace the buffer module"),
    ("position error", "The position differs from the command by more than allowed.", "Run the reference cycle anew"),
    ("pressure low", "The pressure fell below its minimum.", "Look for leaks and top up the medium"),
    ("overload", "The current was above its rated value for too long.", "Look for jammed parts and turn by hand"),
    ("timeout", "The movement was not finished in time.", "Lubricate the guides and check the end switch"),
    ("parameter invalid", "A stored value is outside its range.", "Load the parameters from the backup card"),
)
_CHINESE_COMPONENTS = ("主轴", "换刀机械手", "冷却泵", "防护门", "液压站", "伺服驱动器", "排屑机", "控制柜")
_CHINESE_CONDITIONS = (
    ("过热报警", "温度连续一分钟超过上限", "清理散热风扇和滤网"),
    ("信号丢失", "传感器两百毫秒内没有应答", "检查插头和电缆是否断线"),
    ("欠压停机", "供电电压低于21.6伏", "带载测量电源并更换缓冲模块"),
    ("位置偏差", "实际位置与指令相差过大", "重新执行回零操作"),
    ("压力不足", "压力低于最小设定值", "查找泄漏点并补充介质"),
    ("过载保护", "电流长时间超过额定值", "清除卡滞的异物后手动盘车"),
    ("动作超时", "规定时间内没有走到位", "给导轨加油并检查限位开关"),
    ("参数错误", "存储的数值超出允许范围", "从备份卡恢复参数"),
)
_PARTS = ("Shaft seal", "Bearing bracket", "Impeller", "Coupling insert", "Gasket set", "Wear ring", "Oil sight glass")
_MATERIALS = ("steel 1.4404", "bronze", "cast iron", "PTFE", "duplex", "EPDM", "FKM", "ceramic")
_CHINESE_PARTS = ("进气滤芯", "机油滤芯", "油气分离芯", "温度传感器", "皮带", "电磁阀", "冷却风扇")
_CHINESE_GRADES = ("标准型", "加强型", "防爆型", "低温型", "静音型", "高压型", "船用型", "防腐型")
_CLIENTS = (
    ("Aurelia Foods plc", "Nadia Brandt", "cleaning of the cold stores", "18,450.00", "15 January 2025"),
    ("Borealis Glass AB", "Erik Sund", "maintenance of the furnaces", "62,900.00", "1 February 2025"),
    ("Cobalt Freight Ltd", "Priya Raman", "guarding of the container yard", "27,315.50", "10 March 2025"),
    ("Delmar Shipyards SA", "Joaquim Teles", "hire of two tower cranes", "94,600.00", "22 March 2025"),
    ("Eskdale Dairy Co", "Moira Kerr", "testing of raw milk", "7,280.00", "4 April 2025"),
    ("Fennwick Hospital Trust", "Oluwaseun Adeyemi", "repair of ventilators", "33,140.75", "19 April 2025"),
    ("Granite Bank NV", "Saskia de Wit", "penetration testing", "48,000.00", "2 May 2025"),
    ("Halcyon Hotels", "Dimitri Kostas", "laundry of bed linen", "21,660.00", "16 May 2025"),
    ("Ironbridge Foundry", "Gareth Pugh", "removal of slag", "15,925.00", "30 May 2025"),
    ("Juniper Pharma Inc", "Lena Hoffmann", "calibration of balances", "12,075.25", "11 June 2025"),
    ("Kestrel Airways", "Tom Ashworth", "de-icing of aircraft", "88,350.00", "27 June 2025"),
    ("Lumen Theatre", "Chiara Bellini", "rigging of stage lights", "9,840.00", "8 July 2025"),
)
_CHINESE_CLIENTS = (
    ("安岳县第一中学", "罗秉文", "食堂食材配送", "386,000", "2025年1月6日"),
    ("北辰物流有限公司", "施展宏", "叉车租赁", "128,500", "2025年1月20日"),
    ("苍梧制药股份有限公司", "谢允之", "洁净室检测", "74,200", "2025年2月17日"),
    ("滇南茶业集团", "段雪梅", "仓库消防改造", "512,800", "2025年3月3日"),
    ("鄂东人民医院", "余建章", "医疗废物清运", "219,600", "2025年3月24日"),
    ("福鼎渔业公司", "林海生", "冷库制冷机维修", "95,750", "2025年4月9日"),
    ("广陵大剧院", "汤晚晴", "舞台灯光设计", "163,000", "2025年4月28日"),
    ("海州纺织厂", "邵国栋", "污水处理运行", "441,300", "2025年5月12日"),
    ("金陵图书馆", "柳如松", "古籍扫描加工", "287,900", "2025年5月30日"),
    ("昆山精密电子", "马思远", "无尘服清洗", "58,640", "2025年6月11日"),
    ("洛水文旅发展公司", "崔敏儿", "景区保洁", "330,000", "2025年6月26日"),
    ("岷江水电站", "蒋怀德", "大坝安全监测", "678,450", "2025年7月15日"),
)


def documents() -> dict[str, str]:
    """Return the Markdown of every document by its file name without an ending."""
    made = {
        "ferro-controller-error-codes": _error_codes(),
        "星环机床故障代码表": _chinese_error_codes(),
        "spare-parts-price-list": _parts(),
        "空压机备件价目表": _chinese_parts(),
    }
    made.update(_agreements())
    made.update(_chinese_agreements())
    return made


def _error_codes() -> str:
    parts = ["# Ferro Controller: Error Codes"]
    for at, ((component, short), (condition, cause, remedy)) in enumerate(product(_COMPONENTS, _CONDITIONS)):
        code = f"FC-{2001 + 7 * at}"
        name = f"ERR_{short}_{condition.upper().replace(' ', '_')}"
        parts += [f"## {code} {name}", f"{component.capitalize()}: {condition}. {cause} {remedy}, then acknowledge."]
    return "\n\n".join(parts)


def _chinese_error_codes() -> str:
    parts = ["# 星环数控机床故障代码表"]
    for at, (component, (condition, cause, remedy)) in enumerate(product(_CHINESE_COMPONENTS, _CHINESE_CONDITIONS)):
        parts += [
            f"## AL-{301 + 3 * at} {component}{condition}",
            f"原因：{component}的{cause}。处理：{remedy}，确认正常后按复位键。",
        ]
    return "\n\n".join(parts)


def _parts() -> str:
    rows = [
        (f"77-{3001 + 13 * at}", f"{part}, {material}", f"{12 + 7.85 * at:,.2f}", str((at * 29) % 83))
        for at, (part, material) in enumerate(product(_PARTS, _MATERIALS))
    ]
    header = ("Part number", "Description", "Price EUR", "In stock")
    return f"# Spare Parts: Price List 2025\n\n{_table(header, rows)}"


def _chinese_parts() -> str:
    rows = [
        (f"KYP-{101 + 9 * at:04}", f"{part}（{grade}）", f"{1180 + 64.5 * at:,.2f}", f"{(at * 17) % 61}件")
        for at, (part, grade) in enumerate(product(_CHINESE_PARTS, _CHINESE_GRADES))
    ]
    return f"# 空压机备件价目表\n\n{_table(('备件号', '名称', '单价（元）', '库存'), rows)}"


def _agreements() -> Iterator[tuple[str, str]]:
    for at, (client, contact, service, fee, start) in enumerate(_CLIENTS):
        yield (
            f"service-agreement-{at + 1:02}",
            f"# Service Agreement SA-2025-{41 + 6 * at:03}\n\n## Parties\n\n"
            f"Meridian Services Ltd undertakes the {service} for {client}, represented by {contact}.\n\n## Fee\n\n"
            f"The monthly fee is {fee} EUR plus VAT. Invoices fall due after {14 + 2 * at} days.\n\n## Term\n\n"
            f"The agreement begins on {start} and runs for {12 + 3 * at} months. It may be terminated with "
            f"{30 + 5 * at} days' notice.\n\n## Liability\n\n"
            f"Liability is limited to {at + 2} monthly fees, except for intent and gross negligence.",
        )


def _chinese_agreements() -> Iterator[tuple[str, str]]:
    for at, (client, contact, service, fee, start) in enumerate(_CHINESE_CLIENTS):
        yield (
            f"服务协议{at + 1:02}",
            f"# 服务协议 FW-2025-{113 + 4 * at}\n\n## 双方\n\n"
            f"经纬服务有限公司受{client}委托，承担{service}工作。客户方联系人为{contact}。\n\n## 费用\n\n"
            f"服务费总额为{fee}元，分{at % 4 + 2}期支付，收到发票后{10 + at}个工作日内付款。\n\n## 期限\n\n"
            f"自{start}起生效，有效期{6 + 2 * at}个月。任何一方可以提前{15 + 3 * at}天书面通知解除。\n\n## 责任\n\n"
            f"赔偿责任以服务费的百分之{20 + 5 * at}为限，故意或者重大过失除外。",
        )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
