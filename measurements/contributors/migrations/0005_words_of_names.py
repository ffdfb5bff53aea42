"""The words of the names that may be shown, by which the search finds contributors."""

from itertools import islice

import django.db.models.deletion
from django.db import migrations, models

from joulemark.record.display_name import skeleton

MAX_LETTERS = 60
NAMES_AT_A_TIME = 1000


def words_of(name):
    """As `name_words` writes them when this migration is made; renaming writes them again."""
    words = skeleton(name).split()
    return dict.fromkeys(word[:MAX_LETTERS] for word in (*words, "".join(words)) if word)


def index_the_names(apps, _schema_editor):
    """Each name that may be shown, in batches."""
    contributors = apps.get_model("contributors", "Contributor").objects
    words = apps.get_model("contributors", "NameWord")
    named = contributors.exclude(display_name=None).exclude(display_name="").exclude(name_key=None)
    rows = named.order_by("pk").values_list("pk", "display_name").iterator(chunk_size=NAMES_AT_A_TIME)
    while batch := list(islice(rows, NAMES_AT_A_TIME)):
        words.objects.bulk_create(
            words(contributor_id=pk, word=word) for pk, name in batch for word in words_of(name)
        )


class Migration(migrations.Migration):
    dependencies = [("contributors", "0004_words_have_titles")]

    operations = [
        migrations.CreateModel(
            name="NameWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(db_index=True, max_length=60)),
                (
                    "contributor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="name_words",
                        to="contributors.contributor",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contributor", "word"), name="name_word_once")
                ],
            },
        ),
        migrations.RunPython(index_the_names, migrations.RunPython.noop),
    ]
