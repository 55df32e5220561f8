@database_management
Feature: Concurrent transactions do not disturb each other
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let whole departments plan and spend from one allowance
  Value impact:     Nobody overspends because a colleague was a moment faster
  Strategic impact: Figures that are right under load make the platform fit to be the book of record

  @DBP-02 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.allowances @needs.colleagues @needs.roles @needs.own_database @needs.own_records
  Rule: Simultaneous changes end as if one came after the other

    @gate
    Scenario Outline: Simultaneous changes to one allowance act as if made in turn
      Given Acme is <a plan> customer
      When Acme and Ben of Acme request <changes> at the same time
      Then the result is as if one change had come after the other

      Examples:
        | a plan        | changes                                     |
        | a Free        | two expenses with room for both             |
        | an Early      | two expenses with room for one              |
        | a Mid         | two higher budgets with room for one        |
        | an Enterprise | a higher and a new budget with room for one |
        | a Free        | an expense and a lower allowance            |
        | a Mid         | a higher budget and a lower allowance       |
        | an Enterprise | six changes of all kinds                    |

    @gate
    @needs.own_services
    Scenario: Simultaneous changes on two backends act as if made in turn
      Given Acme is an Enterprise customer
      And two backends are running
      When Acme and Ben of Acme request six changes of all kinds on two backends at the same time
      Then the result is as if one change had come after the other

    @gate
    Scenario Outline: Nobody sees a change before it is finished
      Given Acme is a Mid customer with an allowance
      When Ben of Acme looks at the allowance while Acme's <change> is unfinished
      Then Ben of Acme sees nothing of the change while it is unfinished
      And Ben of Acme sees the change after it

      Examples:
        | change  |
        | expense |
        | budget  |
