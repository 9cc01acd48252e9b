"""The panel beside a small shop's notebook, as the README shows it: tables, a data browser, the graph after a sale.

With REACTIVE_NB_SCREENSHOTS=1 it also takes the pictures of the README, light and dark.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.lab import Notebook
from tests.browser.panel import LabPanel

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"

SETUP = """
from datetime import timedelta

import reactive_nb as rnb
from reactive_nb import v

%load_ext reactive_nb
shop = rnb.connect()
shop.define(
    products=rnb.table(name=v.string(), price=v.number(), stock=v.int64()).index("by_name", "name"),
    customers=rnb.table(name=v.string(), city=v.string()).index("by_city", "city"),
    orders=rnb.table(
        product=v.id("products"), customer=v.id("customers"), count=v.int64(), state=v.union(v.literal("open"), v.literal("sent"))
    ).index("by_state", "state").index("by_customer", "customer"),
)
"""

FUNCTIONS = """
@shop.query
def waiting(ctx):
    "Orders that are to be sent, newest first."
    return ctx.db.query("orders").with_index("by_state", state="open").order("desc").take(5)

@shop.query
def nearly_gone(ctx, below: int = 5):
    "Products of which few are left."
    return [each for each in ctx.db.query("products").collect() if each["stock"] < below]

@shop.query
def customers_in(ctx, city: str):
    return ctx.db.query("customers").with_index("by_city", city=city).count()

@shop.mutation
def sell(ctx, product: rnb.Id["products"], customer: rnb.Id["customers"], count: int = 1):
    "Take products from the stock and make an order of them."
    found = ctx.db.get(product)
    ctx.db.patch(product, {"stock": found["stock"] - count})
    return ctx.db.insert("orders", {"product": product, "customer": customer, "count": count, "state": "open"})
"""

FILL = """
names = ["Teapot", "Kettle", "Cup", "Saucer", "Milk jug", "Sugar bowl", "Tray", "Strainer", "Tin", "Spoon", "Cosy", "Mug"]
with shop.transaction("fill") as tx:
    goods = [tx.db.insert("products", {"name": name, "price": 4.5 + 3 * n, "stock": 3 + n}) for n, name in enumerate(names)]
    people = [
        tx.db.insert("customers", {"name": name, "city": city})
        for name, city in [("Ada", "London"), ("Emmy", "Bern"), ("Sofia", "Bern"), ("Grace", "New York")]
    ]
for n in range(9):
    sell(product=goods[n], customer=people[n % 4], count=n % 3 + 1)
"""

SHOW = """
board, few, bern = waiting.live(), nearly_gone.live(), customers_in.live(city="Bern")
board.table(columns=["count", "state"])
"""

SALE = 'sell(product=goods[2], customer=people[0]); print("sold")'


@pytest.fixture
def panel(notebook: Notebook) -> LabPanel:
    notebook.open(
        notebook.lab.write_notebook("shop.ipynb", SETUP.strip(), FUNCTIONS.strip(), FILL.strip(), SHOW.strip(), SALE)
    )
    for cell in range(4):
        notebook.run_cell(cell)
    return LabPanel(notebook).open()


def test_a_sale_is_seen_in_the_tables_the_data_browser_and_the_graph(panel: LabPanel) -> None:
    notebook, page = panel.notebook, panel.page
    panel.wait_for_tables({"products": 12, "customers": 4, "orders": 9})
    panel.row("products").click()
    browser = page.locator(".rnb-browser:not(.lm-mod-hidden)")
    cup = browser.locator("[role=row]", has_text="Cup")
    expect(cup).to_contain_text("2")
    beside(panel, "products")
    take_pictures(panel, "panel_{}.png")

    notebook.run_cell(4)
    panel.wait_for_tables({"orders": 10})
    expect(cup).to_contain_text("1")

    panel.command("reactive-nb:show-graph")
    graph = page.locator(".rnb-graph:not(.lm-mod-hidden)")
    lit = graph.locator(".rnb-graph-box.rnb-graph-touched")
    expect(lit.filter(has_text="orders").first).to_be_visible()
    expect(lit.filter(has_text="waiting()").first).to_be_visible()
    expect(lit.filter(has_text="customers_in")).to_have_count(0)
    take_pictures(panel, "panel_graph.png", themes=("JupyterLab Light",))
    assert notebook.foreign_requests == []


def beside(panel: LabPanel, table: str) -> None:
    """Put the data browser below the notebook, as somebody does who watches both."""
    panel.page.evaluate(
        """table => {
            const app = window.jupyterapp;
            const main = [...app.shell.widgets('main')];
            const book = main.find(each => each.context);
            const browser = main.find(each => each.title.label.startsWith(table));
            app.shell.add(browser, 'main', {mode: 'split-bottom', ref: book.id});
            app.shell.activateById(book.id);
            return null;
        }""",
        table,
    )


def take_pictures(
    panel: LabPanel, name: str, themes: tuple[str, ...] = ("JupyterLab Light", "JupyterLab Dark")
) -> None:
    """Write the pictures of the README, where the environment asks for them."""
    if os.environ.get("REACTIVE_NB_SCREENSHOTS") != "1":
        return
    for theme in themes:
        panel.notebook.use_theme(theme)
        taken = Image.open(BytesIO(panel.page.screenshot()))
        small = taken.convert("RGB").resize((taken.width * 2 // 3, taken.height * 2 // 3), Image.Resampling.LANCZOS)
        small.quantize(200).save(DOCS / name.format(theme.split()[-1].lower()), optimize=True)
    panel.notebook.use_theme("JupyterLab Light")
