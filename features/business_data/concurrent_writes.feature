@business_data
Feature: However many write at once, nothing is lost
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Win departments that work on the same figures all day
  Value impact:     Totals are right to the cent, whoever else books at the same moment
  Strategic impact: A product that many share needs figures that nobody has to check

  @DBL-07 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: However many customers write at once, their totals are exact

    @gate
    Scenario: Everything is counted that fifty people book at once
      Given five organisations of ten people share an allowance each
      When all of them book expenses at once
      Then each organisation has spent exactly what its people booked
      And each person has spent exactly what they booked

    @gate
    Scenario Outline: Two budgets that are raised at once stay within the allowance
      Given Acme is <a plan> customer
      And Acme's allowance has room to raise one of two budgets
      When Acme raises both budgets at once
      Then one is raised and the other refused for want of room
      And the budgets are within the allowance

      Examples:
        | a plan  |
        | a Mid   |
        | a Free  |

    @smoke
    Scenario: Messages that are moved to two places at once are in one of them
      Given Acme is an Early customer
      And Acme has three conversations
      When Acme moves the messages of the first conversation to both others at once
      Then one move is made and the other refused
      And every message is in one conversation
