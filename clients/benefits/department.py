"""What is this department's own: its procedure and its words."""

from __future__ import annotations

from pathlib import Path

from clients.kit import Contact
from clients.office import Department, Field, Procedure

GRANT = Procedure(
    code="relief-grant",
    title={"ja": "住民税非課税世帯 給付金", "en": "Benefit for households exempt from resident tax"},
    summary={
        "ja": "世帯の全員が住民税非課税の世帯に、1世帯あたり3万円を給付します。",
        "en": "30,000 yen for each household in which nobody pays resident tax.",
    },
    who={
        "ja": "基準日にみほん市に住民登録があり、世帯全員の住民税均等割が非課税の世帯の世帯主",
        "en": "Heads of households registered in Mihon City in which all members are exempt",
    },
    days=30,
    needed=({"ja": "世帯主名義の口座が分かるもの", "en": "Details of an account in the householder's name"},),
    fields=(
        Field(
            "household",
            {"ja": "世帯の人数", "en": "People in the household"},
            "select",
            choices=tuple((str(size), {"ja": f"{size}人", "en": str(size)}) for size in range(1, 9)),
        ),
        Field("bank", {"ja": "金融機関・支店名", "en": "Bank and branch"}, max_length=100),
        Field(
            "account",
            {"ja": "普通預金の口座番号", "en": "Account number"},
            pattern=r"\d{7}",
            max_length=7,
            inputmode="numeric",
            hint={"ja": "数字7桁", "en": "Seven digits"},
        ),
        Field(
            "holder",
            {"ja": "口座名義(カタカナ)", "en": "Account holder (katakana)"},
            pattern=r"[ァ-ヶー 　().]+",
            max_length=60,
        ),
        Field(
            "consent",
            {
                "ja": "世帯全員の課税状況を市が確認することに同意します",
                "en": "I agree that the city checks the tax status of all members of the household",
            },
            "checkbox",
        ),
    ),
    labels={
        "in_review": {"ja": "課税状況を確認中", "en": "Checking tax status"},
        "decided:approved": {"ja": "支給決定", "en": "Granted"},
        "decided:rejected": {"ja": "不支給決定", "en": "Not granted"},
        "completed": {"ja": "振込済み", "en": "Paid"},
    },
)

DEPARTMENT = Department(
    code="benefits",
    name={"ja": "福祉課", "en": "Welfare Division"},
    service={"ja": "みほん市 給付金窓口", "en": "Mihon Benefits"},
    tagline={
        "ja": "給付金を、来庁も郵送もなしで申請できます。振込までの進み具合も分かります。",
        "en": "Apply for benefits without a visit or a letter, and follow them until they are paid.",
    },
    city={"ja": "みほん市", "en": "Mihon City"},
    prefix="FK",
    contact=Contact(
        department={"ja": "みほん市 福祉課 給付金担当", "en": "Mihon City Welfare Division, benefits"},
        phone="000-000-1200",
        hours={"ja": "平日 9時から17時", "en": "weekdays 9:00-17:00"},
    ),
    address={"ja": "みほん市役所 1階 12番窓口", "en": "City hall, 1st floor, counter 12"},
    procedures=(GRANT,),
    folder=Path(__file__).parent,
    takes_paper=True,
)
