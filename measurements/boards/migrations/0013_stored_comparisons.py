"""What is derived of cells has rows: comparisons, places and factors. They are empty until the first sweep, and pages compute."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('boards', '0012_due_cells'),
        ('catalog', '0006_words_have_titles'),
    ]

    operations = [
        migrations.CreateModel(
            name='ComparedPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grade', models.CharField(choices=[('measured', 'measured'), ('estimated', 'estimated')], max_length=10)),
                ('scope', models.CharField(max_length=20)),
                ('version', models.PositiveBigIntegerField()),
                ('n_cells', models.PositiveIntegerField()),
                ('n_values', models.PositiveIntegerField()),
                ('comparison', models.JSONField(null=True)),
                ('is_missing', models.BooleanField(default=False)),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='compared_parts', to='catalog.dataset')),
                ('hardware_class', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='compared_parts', to='catalog.hardwareclass')),
                ('suite', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='compared_parts', to='catalog.suite')),
            ],
        ),
        migrations.CreateModel(
            name='CellStanding',
            fields=[
                ('cell', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='standing', serialize=False, to='boards.cell')),
                ('version', models.PositiveBigIntegerField()),
                ('kind', models.CharField(choices=[('task-specific', 'task-specific'), ('general-purpose', 'general-purpose'), ('unknown', 'kind not stated')], max_length=20)),
                ('rank', models.PositiveIntegerField(null=True)),
                ('rank_worst', models.PositiveIntegerField(null=True)),
                ('front', models.JSONField(default=list)),
                ('beaten', models.JSONField(default=list)),
                ('part', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='standings', to='boards.comparedpart')),
            ],
        ),
        migrations.CreateModel(
            name='SizeFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grade', models.CharField(choices=[('measured', 'measured'), ('estimated', 'estimated')], max_length=10)),
                ('version', models.PositiveBigIntegerField()),
                ('inputs', models.CharField(max_length=64)),
                ('computed_at', models.DateTimeField()),
                ('estimate', models.JSONField(null=True)),
                ('is_missing', models.BooleanField(default=False)),
                ('suite', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='size_factors', to='catalog.suite')),
            ],
        ),
        migrations.AddConstraint(
            model_name='comparedpart',
            constraint=models.UniqueConstraint(fields=('suite', 'grade', 'dataset', 'hardware_class', 'scope'), name='compared_part_key'),
        ),
        migrations.AddConstraint(
            model_name='sizefactor',
            constraint=models.UniqueConstraint(fields=('suite', 'grade'), name='size_factor_key'),
        ),
    ]
